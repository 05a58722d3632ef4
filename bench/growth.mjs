// Measures whether a login costs more with a million known users, with 1,000 accounts, and with 10,000
// pending scan logins.
//
//   npm run bench -- growth [--users 1000000] [--logins 500] [--tickets 10000] [--rounds 10]
import { growAccounts } from './growth/accounts.mjs';
import { startWechat } from './growth/compare.mjs';
import { growTickets } from './growth/tickets.mjs';
import { growUsers } from './growth/users.mjs';

const PARTS = [growUsers, growAccounts, growTickets];

export async function benchGrowth({ users = 1_000_000, logins = 500, tickets = 10_000, rounds = 10 } = {}) {
  const wechat = await startWechat();
  const tables = [];
  for (const grow of PARTS)
    tables.push(await grow(wechat, { users, logins, tickets, rounds, callbacks: Math.ceil(logins / 2) }));
  await wechat.end();
  return tables.join('\n\n');
}
