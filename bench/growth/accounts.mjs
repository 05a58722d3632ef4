// Whether a login costs more if the app has 1,000 accounts, and somebody has logged in to each.
import { Browser } from '../logins/browser.mjs';
import { table, whole } from '../parts/table.mjs';
import { compared, measure, startApp, warmUp } from './compare.mjs';
import { shops } from './shops.mjs';

const WARM_UP_LOGINS = 4_000;

export async function growAccounts(wechat, { logins, rounds }) {
  const many = await startApp('accounts-app.mjs', wechat);
  const one = await startApp('accounts-app.mjs', wechat);
  const login = (app, user, check = false) => {
    const shop = `/shop/${app === many ? user % shops.length : 0}`;
    const authorize = (url) => wechat.call('authorize', url, user);
    const { origin } = app.about;
    return new Browser().logIn({ origin, login: `${shop}/login`, who: `${shop}/me`, authorize, check });
  };
  await warmUp([many, one], WARM_UP_LOGINS, (app, user) => login(app, user, true));
  const cpu = await measure([many, one], rounds, (app) =>
    Array.from({ length: logins }, (_, user) => () => login(app, user)),
  );
  await Promise.all([many.end(), one.end()]);
  return table(
    ['', `${whole(shops.length)} accounts`, '1 account', 'ratio', 'spread'],
    [['CPU per login', ...compared(cpu)]],
  );
}
