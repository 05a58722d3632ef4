import { logIn, startApp, script } from './logins-x.mjs';
import { startChild } from './parts/child.mjs';
import { quantile } from './parts/figures.mjs';
const wechat = await startChild(script('wechat.mjs'));
const names = ['express-wechat-auth','grant, express-session'];
const apps=[]; for (const n of names) apps.push(await startApp(n, wechat));
for (const app of apps) await logIn(app, wechat, 2000, {atOnce:8});
await wechat.call('delay',30);
const all=apps.map(()=>[]), conns=apps.map(()=>[]), cpu=apps.map(()=>[]);
for (const [d,ao] of [[0,8],[0,8],[0,32],[0,32],[30,8],[30,8],[30,32],[30,32],[30,32]]) for (const [i,app] of apps.entries()) { await wechat.call('delay',d);
  
  await wechat.call('connections');
  const c=await app.call('cpu');
  const t=await logIn(app, wechat, 360, {atOnce:ao});
  cpu[i].push((await app.call('cpu')-c)/360);
  conns[i].push(await wechat.call('connections'));
  all[i].push(...t);
}
for (const [i,n] of names.entries()) console.log(n, [0.5,0.9,0.95,0.98,0.99,0.995,1].map(q=>quantile(all[i],Math.min(q,0.9999)).toFixed(0)).join(' '), 'conns', conns[i].join(' '), 'cpu', cpu[i].map(x=>x.toFixed(2)).join(' '));
for (const app of apps) await app.end(); await wechat.end();
