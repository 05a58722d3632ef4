// Runs the guide's code on a real database: the command sqlite3 runs the guide's SQL unchanged, also for pg.
import { Browser } from '../support/browser';
import { CodeClient, codeRoutes, newCode } from '../support/browsers/code-clients';
import { ask, scan, showCode } from '../support/browsers/scan-login';
import { environmentOf, emulator, useEmulator } from '../support/emulator';
import { createHost, listen, type Middleware } from '../support/hosts';
import { cookies, sendJSON, type TestRequest } from '../support/app';
import { codeOf, run, type RunningGuide } from './guide';
import { betterSqlite3, describeOnSqlite, pgPool, SqliteDatabase } from './sqlite';

const GUIDE = 'one-person-two-apps';
const DRIVERS = {
  pg: { code: codeOf(GUIDE, 'db.ts', 'pg'), make: (db: SqliteDatabase) => ({ Pool: pgPool(db) }) },
  'better-sqlite3': {
    code:
      codeOf('accounts/own-users-table', 'db.ts', 'better-sqlite3') +
      codeOf(GUIDE, 'db.ts', 'better-sqlite3'),
    make: betterSqlite3,
  },
};

type Query = SqliteDatabase['query'];
type Transaction = <T>(work: (db: { query: Query }) => Promise<T>) => Promise<T>;
type FindOrCreate = (db: { query: Query }, app: string, user: object) => Promise<{ id: string }>;

describeOnSqlite.each(['pg', 'better-sqlite3'] as const)('one person, two apps, with %s', (driver) => {
  useEmulator();
  let db: SqliteDatabase;
  let files: RunningGuide[];
  let driverModule: object;
  let transaction: Transaction;
  let findOrCreate: FindOrCreate;
  let guide: RunningGuide | undefined;
  let app: { url: string; close(): Promise<void> } | undefined;

  beforeEach(async () => {
    db = SqliteDatabase.ofGuide(GUIDE);
    db.run('CREATE TABLE orders (account_id VARCHAR(36) NOT NULL, what VARCHAR(9) NOT NULL)');
    driverModule = DRIVERS[driver].make(db);
    const database = await run(DRIVERS[driver].code, { packages: { [driver]: driverModule } });
    const accounts = await run(codeOf(GUIDE, 'accounts.ts'));
    files = [database, accounts];
    transaction = database.exports['transaction'] as Transaction;
    findOrCreate = accounts.exports['findOrCreate'] as FindOrCreate;
    guide = await run(codeOf(GUIDE, 'auth.ts'), {
      packages: { './db.js': database.exports, './accounts.js': accounts.exports },
      replace: [["baseURL: 'https://www.example.com',", 'scanLogin: true,']],
      env: {
        ...environmentOf(emulator),
        WECHAT_MINI_PROGRAM_APP_ID: emulator.apps.miniProgram.appId,
        WECHAT_MINI_PROGRAM_APP_SECRET: emulator.apps.miniProgram.appSecret,
      },
    });
    const host = createHost('Express 5');
    host.use(cookies());
    host.use(guide.exports['auth'] as Middleware);
    codeRoutes(host);
    host.use((req, res) => sendJSON(res, (req as TestRequest).wechat.user));
    app = await listen(host);
  });
  afterEach(async () => {
    emulator.switches.unionid = true;
    await app?.close();
    await guide?.close();
    for (const file of files) await file.close();
    db.remove();
  });

  const onPhone = (): Browser => Browser.inWechat(app?.url ?? '');
  const onPC = (): Browser => Browser.onDesktop(app?.url ?? '');
  const logIn = async (browser: Browser, user = 'ming'): Promise<unknown> =>
    ((await browser.logIn(emulator, '/login', user)).json() as { id: unknown } | null)?.id;
  const unionid = (): string | undefined => emulator.unionid('ming', emulator.apps.official.appId);
  const idOf = (kind: 'official' | 'website'): string => emulator.openid('ming', emulator.apps[kind].appId);
  const addAccount = (id: string, kind: 'official' | 'website'): void => {
    db.run(`INSERT INTO accounts VALUES ('${id}', NULL, 'old', '')`);
    db.run(`INSERT INTO wechat_ids VALUES ('${kind}', '${idOf(kind)}', '${id}')`);
    db.run(`INSERT INTO orders VALUES ('${id}', '${id}')`);
  };

  it('is one account on phone and PC', async () => {
    const id = await logIn(onPhone());
    expect(id).toEqual(expect.any(String));
    expect(await logIn(onPC())).toBe(id);
    expect(await logIn(onPhone())).toBe(id);
    expect(db.run('SELECT id, unionid FROM accounts')).toEqual([{ id, unionid: unionid() }]);
    expect(db.run('SELECT app FROM wechat_ids ORDER BY app')).toEqual([
      { app: 'official' },
      { app: 'website' },
    ]);
  });

  it('keeps nickname and picture at a login of a mini program, which has neither', async () => {
    const id = await logIn(onPhone());
    const rows = db.run('SELECT * FROM accounts');
    expect(rows).toMatchObject([
      { nickname: '小明', headimgurl: expect.stringMatching(/^https?:/) as string },
    ]);
    const client = new CodeClient(app?.url ?? '');
    const { user } = await client.logIn('miniProgram', newCode('miniProgram'));
    expect(rows).toEqual([{ ...user, id, unionid: unionid() }]);
    expect(db.run('SELECT * FROM accounts')).toEqual(rows);
    expect(db.run('SELECT app FROM wechat_ids ORDER BY app')).toEqual([
      { app: 'miniProgram' },
      { app: 'official' },
    ]);
  });

  it('is another account for another person', async () => {
    expect(await logIn(onPhone())).not.toBe(await logIn(onPhone(), 'emoji'));
    expect(db.run('SELECT nickname FROM accounts')).toHaveLength(2);
  });

  it('finds the account that had only an openid', async () => {
    addAccount('old', 'official');
    expect(await logIn(onPhone())).toBe('old');
    expect(await logIn(onPC())).toBe('old');
  });

  it('finds the account of the official account at a scan login', async () => {
    addAccount('old', 'official');
    const pc = onPC();
    const { url, statusURL } = await showCode(pc, '/login?flow=scan');
    await scan(onPhone(), emulator, url, 'ming');
    const { location = '' } = await ask(pc, statusURL);
    expect((await pc.follow(location)).json()).toMatchObject({ id: 'old' });
    expect(db.run('SELECT id, unionid FROM accounts')).toEqual([{ id: 'old', unionid: unionid() }]);
  });

  it('merges two accounts that each had one openid, with their orders', async () => {
    addAccount('phone', 'official');
    addAccount('pc', 'website');
    expect(await logIn(onPC())).toBe('pc');
    expect(await logIn(onPhone())).toBe('pc');
    expect(db.run('SELECT id FROM accounts')).toEqual([{ id: 'pc' }]);
    expect(db.run('SELECT account_id, what FROM orders ORDER BY what')).toEqual([
      { account_id: 'pc', what: 'pc' },
      { account_id: 'pc', what: 'phone' },
    ]);
  });

  it('creates no account if WeChat sends no unionid', async () => {
    emulator.switches.unionid = false;
    const browser = onPhone();
    const sent = await browser.follow('/login');
    const response = await browser.follow((await emulator.authorize(sent.location)) ?? '');
    expect(response.status).toBe(500);
    expect(db.run('SELECT id FROM accounts')).toEqual([]);
  });

  it('undoes a login that fails halfway, and the next one succeeds', async () => {
    addAccount('phone', 'official');
    addAccount('pc', 'website');
    expect(await logIn(onPC())).toBe('pc');
    const before = db.run('SELECT * FROM accounts ORDER BY id');
    // merge() has moved the orders when this makes it fail.
    db.run(
      `CREATE TRIGGER fault BEFORE DELETE ON accounts BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`,
    );
    const browser = onPhone();
    const sent = await browser.follow('/login');
    const failed = await browser.follow((await emulator.authorize(sent.location)) ?? '');
    expect(failed.status).toBe(500);
    expect(db.run('SELECT * FROM accounts ORDER BY id')).toEqual(before);
    expect(db.run('SELECT account_id FROM orders ORDER BY account_id')).toEqual([
      { account_id: 'pc' },
      { account_id: 'phone' },
    ]);
    db.run('DROP TRIGGER fault');
    expect(await logIn(onPhone())).toBe('pc');
    expect(db.run('SELECT id FROM accounts')).toEqual([{ id: 'pc' }]);
    if (driver === 'pg')
      expect((driverModule as { Pool: ReturnType<typeof pgPool> }).Pool.taken.size).toBe(0);
  });

  // PostgreSQL makes such logins wait by its locks; SQLite, which stands in for it here, has none of them.
  if (driver === 'pg') return;

  it('runs logins at once one after another', async () => {
    const people = ['a', 'b', 'c'].flatMap((person) => [
      { app: 'official', openid: `phone ${person}`, unionid: person },
      { app: 'website', openid: `pc ${person}`, unionid: person },
    ]);
    const logins = people.map(({ app, ...user }) =>
      transaction(async (connection) => {
        const account = await findOrCreate(connection, app, user);
        // Other code runs while an app waits for something else.
        await new Promise(setImmediate);
        if (user.openid === 'pc b') throw new Error('refused');
        return account.id;
      }),
    );
    const ended = await Promise.allSettled(logins);
    const ids = ended.map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason)));
    expect(ids).toEqual([ids[0], ids[0], ids[2], 'Error: refused', ids[4], ids[4]]);
    expect(db.run('SELECT id, unionid FROM accounts ORDER BY unionid')).toEqual([
      { id: ids[0], unionid: 'a' },
      { id: ids[2], unionid: 'b' },
      { id: ids[4], unionid: 'c' },
    ]);
    expect(db.run('SELECT openid FROM wechat_ids ORDER BY openid')).toEqual(
      ['pc a', 'pc c', 'phone a', 'phone b', 'phone c'].map((openid) => ({ openid })),
    );
  });
});
