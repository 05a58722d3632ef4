// Whether a login costs more once the app has seen a million users, and how much memory they take.
import { Browser } from '../logins/browser.mjs';
import { mb, table, whole } from '../parts/table.mjs';
import { compared, forEach, measure, startApp, warmUp } from './compare.mjs';

/** The control process keeps this number of users. Other load on the machine affects both processes alike. */
const FIRST_USERS = 1_000;
const WARM_UP_LOGINS = 4_000;

export async function growUsers(wechat, { users, logins, rounds }) {
  const growing = await startApp('users-app.mjs', wechat);
  const control = await startApp('users-app.mjs', wechat);
  const login = ({ about: { origin } }, user, check = false) => {
    const authorize = (url) => wechat.call('authorize', url, user);
    return new Browser().logIn({ origin, login: '/login', who: '/me', authorize, check });
  };
  for (const app of [growing, control]) await app.call('addUsers', 0, FIRST_USERS);
  await warmUp([growing, control], WARM_UP_LOGINS, (app, user) => login(app, user, true));
  const rows = [];
  let known = FIRST_USERS;
  for (const next of [FIRST_USERS, users / 10, users / 2, users].map(Math.round)) {
    await growing.call('addUsers', known, next);
    known = Math.max(known, next);
    console.error(`${whole(known)} users`);
    const cpu = await measure([growing, control], rounds, async (app) => {
      // Opens the connections.
      await forEach(8, (user) => login(app, user));
      return Array.from({ length: logins }, (_, user) => () => login(app, user));
    });
    const { heapUsed } = await growing.call('memory');
    rows.push([whole(known), ...compared(cpu), mb(heapUsed)]);
  }
  await Promise.all([growing.end(), control.end()]);
  return table(
    ['users', 'CPU per login', `control (${whole(FIRST_USERS)} users)`, 'ratio', 'spread', 'heap'],
    rows,
  );
}
