// Runs the guide's code on a real database: the command sqlite3 runs the guide's SQL unchanged.
import { Browser } from '../support/browser';
import { CodeClient, codeRoutes, newCode } from '../support/browsers/code-clients';
import { environmentOf, emulator, useEmulator } from '../support/emulator';
import { createHost, listen, type Middleware } from '../support/hosts';
import { cookies, sendJSON, type TestRequest } from '../support/app';
import { codeOf, run, type RunningGuide } from './guide';
import { describeOnSqlite, SqliteDatabase } from './sqlite';

describeOnSqlite('one person, two apps', () => {
  useEmulator();
  let db: SqliteDatabase;
  let guide: RunningGuide | undefined;
  let app: { url: string; close(): Promise<void> } | undefined;

  beforeEach(async () => {
    db = SqliteDatabase.ofGuide('one-person-two-apps');
    db.run('CREATE TABLE orders (account_id VARCHAR(36) NOT NULL, what VARCHAR(9) NOT NULL)');
    const code = ['accounts.ts', 'auth.ts'].map((file) => codeOf('one-person-two-apps', file)).join('\n');
    guide = await run(code, {
      given: { db },
      replace: [["baseURL: 'https://www.example.com',", '']],
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
});
