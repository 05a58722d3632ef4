// What an app in TypeScript sees once it imports express-wechat-auth, whatever else it has installed. Nothing here is run.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { Consumer, type Installed } from './consumer';

const RESOLUTIONS = {
  node10: { module: 'commonjs', moduleResolution: 'node10' },
  node16: { module: 'node16', moduleResolution: 'node16' },
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
} as const;
const RESOLUTION_NAMES = Object.keys(RESOLUTIONS) as (keyof typeof RESOLUTIONS)[];

const SAME = `
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;
`;

/** Options and hooks: what every app may write, whatever its framework. */
const OPTIONS = `
wechatAuth();
wechatAuth({ appId: process.env['A'], appSecret: process.env['B'], website: {}, flow: 'website' });
wechatAuth({ verificationFiles: Object.fromEntries([['MP_verify_x.txt', 'x']]) });
wechatAuth({ onLogin: async (_req, { user }) => { await Promise.resolve(user); } });
wechatAuth({ onLogin: async (_req, { user }) => (user.sex ? { id: 1 } : undefined) });
wechatAuth({ onLogin: (_req, { user }) => user });
wechatAuth({ onLogin: (): PromiseLike<object> => Promise.resolve({}) });
wechatAuth({ onLogin: () => { throw new Error('not you'); } });
wechatAuth({ onLogin: JSON.parse as () => any });
class Account { constructor(readonly id: number) {} }
wechatAuth({ onLogin: () => new Account(1) });
requireWechatUser({ check: ({ openid }) => openid.startsWith('o') });
// @ts-expect-error a text cannot be kept as a user
wechatAuth({ onLogin: () => 'ming' });
// @ts-expect-error nor can a number that is waited for
wechatAuth({ onLogin: async () => 1 });
// @ts-expect-error nor can a list
wechatAuth({ onLogin: () => [{ id: 1 }] });
// @ts-expect-error a verification file is a text file
wechatAuth({ verificationFiles: { 'MP_verify_x.html': 'x' } });
// @ts-expect-error there is no such option
wechatAuth({ appID: 'wx…' });
// @ts-expect-error there is no such mode
requireWechatUser({ mode: 'json' });
// @ts-expect-error whose profile?
void new OAuth('wx…', 's').getUser({ lang: 'en' });
void new OAuth('wx…', 's').getUser({ openId: 'o' });
`;

const PLAIN = `
import http from 'node:http';
import { OAuth, requireWechatUser, wechatAuth, type WechatRequest, type WechatSession, type WechatUser } from 'express-wechat-auth';
${SAME}
http.createServer((req, res) => {
  wechatAuth()(req, res, () => {
    const { wechat, session } = req as WechatRequest;
    same<typeof wechat.user, WechatUser | undefined>(true);
    const login: WechatSession | undefined = session?.wechat;
    // @ts-expect-error nobody may be logged in
    void login.openid;
    // @ts-expect-error there is no such member
    void wechat.users;
    res.end(login?.openid);
  });
});
${OPTIONS}`;

const EXPRESS = `
import express from 'express';
import { OAuth, requireWechatUser, wechatAuth, type WechatRequest, type WechatSession, type WechatUser } from 'express-wechat-auth';
${SAME}
const app = express();
app.use(wechatAuth());
app.get('/me/:id', requireWechatUser(), (req, res) => {
  same<typeof req.wechat.user, WechatUser | undefined>(true);
  same<typeof req.params.id, string>(true);
  const as: WechatRequest = req;
  // @ts-expect-error it is not for the app to replace
  req.wechat = as.wechat;
  res.json(as.wechat.user);
});
${OPTIONS}`;

const EXPRESS_SESSION = `${EXPRESS}
import session from 'express-session';
declare module 'express-session' {
  interface SessionData {
    cart: string[];
  }
}
app.use(session({ secret: 's' }));
app.get('/cart', (req, res) => {
  same<typeof req.session.wechat, WechatSession | undefined>(true);
  same<typeof req.session.cart, string[] | undefined>(true);
  req.session.cart = ['tea'];
  // @ts-expect-error only a login writes it
  req.session.wechat = undefined;
  // @ts-expect-error there is no such field
  void req.session.wechat?.token;
  // @ts-expect-error nothing is typed that nobody has named
  void req.session.shop;
});
`;

const COOKIE_SESSION = `${EXPRESS}
import cookieSession from 'cookie-session';
app.use(cookieSession({ keys: ['k'] }));
app.get('/cart', (req, res) => {
  same<NonNullable<typeof req.session>['wechat'], WechatSession | undefined>(true);
  if (req.session) req.session['cart'] = ['tea'];
  // @ts-expect-error there is no such field
  void req.session?.wechat?.token;
  res.json(req.session?.wechat?.openid);
});
`;

/** An app with a user type and a session key of its own. */
const OWN_TYPES = `
import express, { type Request } from 'express';
import session from 'express-session';
import { requireWechatUser, wechatAuth, type WechatRequest, type WechatSession } from 'express-wechat-auth';
${SAME}
interface Account {
  id: number;
  name: string;
}
declare module 'express-wechat-auth' {
  interface AppTypes {
    user: Account;
  }
  interface WechatSessions {
    readonly shop?: WechatSession;
  }
}
const app = express();
app.use(session({ secret: 's' }));
app.use(
  wechatAuth({
    sessionKey: 'shop',
    onLogin: async (_req: Request, { user }) => ({ id: 1, name: user.nickname ?? '' }),
  }),
);
wechatAuth({ onLogin: () => ({ id: 1, name: '' }) });
app.get('/', requireWechatUser({ check: (user) => (same<typeof user, Account>(true), user.id > 0) }), (req, res) => {
  same<typeof req.wechat.user, Account | undefined>(true);
  same<typeof req.session.shop, WechatSession | undefined>(true);
  same<WechatSession['user'], Account>(true);
  const id: number | undefined = (req as WechatRequest).session?.shop?.user.id;
  // @ts-expect-error that is WeChat's profile, which this app does not keep
  void req.wechat.user?.nickname;
  res.json(id);
});
// @ts-expect-error a name is missing
wechatAuth({ onLogin: () => ({ id: 1 }) });
// @ts-expect-error an id is a number
wechatAuth({ onLogin: async () => ({ id: '1', name: '' }) });
// @ts-expect-error WeChat's profile is no account of this app
wechatAuth({ onLogin: () => undefined });
`;

/** Where WeChat's profile will do as the app's user, nothing need be returned. */
const OWN_TYPES_OF_WECHAT = `
import { wechatAuth } from 'express-wechat-auth';
declare module 'express-wechat-auth' {
  interface AppTypes {
    readonly user: { readonly openid: string; readonly vip?: boolean };
  }
}
wechatAuth({ onLogin: () => undefined });
wechatAuth({ onLogin: (_req, { user }) => ({ openid: user.openid, vip: true }) });
// @ts-expect-error yes or no
wechatAuth({ onLogin: (_req, { user }) => ({ openid: user.openid, vip: 'yes' }) });
`;

const opened: Consumer[] = [];
function install(installed: Installed): Consumer {
  const consumer = new Consumer(installed);
  opened.push(consumer);
  return consumer;
}
afterAll(() => opened.forEach((consumer) => consumer.remove()));

jest.setTimeout(120_000);

interface Row {
  readonly what: string;
  readonly installed: Installed;
  readonly source: string;
  readonly everyWay?: boolean;
}

const ROWS: readonly Row[] = [
  { what: 'node:http, and no types of Express or sessions', installed: {}, source: PLAIN, everyWay: true },
  {
    what: 'session packages without types',
    installed: { untyped: ['express-session', 'cookie-session'] },
    source: PLAIN,
  },
  { what: 'Express 5', installed: { express: 5 }, source: EXPRESS },
  {
    what: 'Express 5 and express-session',
    installed: { express: 5, types: ['express-session'] },
    source: EXPRESS_SESSION,
  },
  {
    what: 'Express 4 and express-session',
    installed: { express: 4, types: ['express-session'] },
    source: EXPRESS_SESSION,
    everyWay: true,
  },
  {
    what: 'Express 5 and cookie-session',
    installed: { express: 5, types: ['cookie-session'] },
    source: COOKIE_SESSION,
    everyWay: true,
  },
  {
    what: 'Express 4 and cookie-session',
    installed: { express: 4, types: ['cookie-session'] },
    source: COOKIE_SESSION,
  },
  {
    what: 'Express 5 and both kinds of session',
    installed: { express: 5, types: ['cookie-session', 'express-session'] },
    source: EXPRESS_SESSION,
  },
];

describe.each(ROWS)('an app with $what', ({ installed, source, everyWay = false }) => {
  let app: Consumer;
  beforeAll(() => {
    app = install(installed);
  });

  // One resolution for most: the compiler needs a second for each of them.
  it.each(everyWay ? RESOLUTION_NAMES : (['node16'] as const))('has its types under %s', (name) => {
    expect(app.compile(source, RESOLUTIONS[name])).toEqual([]);
  });

  if (!everyWay) return;

  it('has them where it is not strict', () => {
    const loose = source.replace(/.*nobody may be logged in\n.*\n/, '');
    expect(app.compile(loose, { ...RESOLUTIONS.node16, strict: false })).toEqual([]);
  });

  it('has them where it is exact about what is optional', () => {
    const exact = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
    expect(app.compile(source, { ...RESOLUTIONS.node16, ...exact })).toEqual([]);
  });
});

describe('an app that names its own user and session key', () => {
  it.each([4, 5] as const)('finds them in requests, guards and sessions of Express %d', (express) => {
    const app = install({ express, types: ['express-session'] });
    for (const name of ['node10', 'bundler'] as const)
      expect(app.compile(OWN_TYPES, RESOLUTIONS[name])).toEqual([]);
    expect(app.compile(OWN_TYPES, { ...RESOLUTIONS.node16, exactOptionalPropertyTypes: true })).toEqual([]);
  });

  it.each(['docs/typescript.md', 'docs/zh-CN/typescript.md'])('may write what %s prints', (page) => {
    const text = readFileSync(path.resolve(__dirname, '../..', page), 'utf8');
    const [, given = ''] = /<!-- given:([\s\S]*?)-->/.exec(text) ?? [];
    const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code);
    expect(blocks).toHaveLength(3);
    const app = install({ express: 5, types: ['express-session'] });
    const session = "import type {} from 'express-session';";
    for (const block of blocks)
      expect(app.compile([session, given, block].join('\n'), RESOLUTIONS.node16)).toEqual([]);
  });

  it("need return nothing where WeChat's profile is such a user", () => {
    expect(install({}).compile(OWN_TYPES_OF_WECHAT, RESOLUTIONS.node16)).toEqual([]);
  });
});

describe('the compiler of an app', () => {
  it('says in one line what onLogin must return', () => {
    const source = `
      import { wechatAuth } from 'express-wechat-auth';
      declare module 'express-wechat-auth' { interface AppTypes { user: { id: number } } }
      wechatAuth({ onLogin: async () => ({ id: '1' }) });`;
    const [fault, ...more] = install({}).compile(source, RESOLUTIONS.node16);
    expect(more).toEqual([]);
    expect(fault).toMatch(
      /Types of property 'id' are incompatible\.\s+Type 'string' is not assignable to type 'number'\.$/,
    );
  });

  it('would complain of a module that it cannot augment, if it were not told to pass over it', () => {
    const app = install({ untyped: ['express-session'] });
    app.rewrite('dist/middleware/typing.d.ts', (text) => text.replace('@ts-ignore', ''));
    expect(app.compile(PLAIN, RESOLUTIONS.node16)).toEqual([expect.stringContaining('TS2665')]);
  });
});

describe('the published types', () => {
  const DIST = path.resolve(__dirname, '../../dist');
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.d.ts'))
    .map((name) => path.join(DIST, name));

  /** Every `any` that is written or was inferred: an error of the compiler leaves one, too. */
  function anysIn(name: string, text: string): string[] {
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      if (node.kind === ts.SyntaxKind.AnyKeyword)
        found.push(`${path.basename(name)}: ${node.parent.getText(source)}`);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  }

  it('hold no any', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap((name) => anysIn(name, readFileSync(name, 'utf8')))).toEqual([]);
  });

  it('would be caught with one', () => {
    expect(anysIn('a.d.ts', 'export declare const a: { readonly b?: any[] };')).toEqual(['a.d.ts: any[]']);
  });

  it('leave no property to be written to', () => {
    const program = ts.createProgram([path.join(DIST, 'index.d.ts')], { types: [], skipLibCheck: true });
    const checker = program.getTypeChecker();
    const index = program.getSourceFile(path.join(DIST, 'index.d.ts'));
    const page = index && checker.getSymbolAtLocation(index);
    const exported = page ? checker.getExportsOfModule(page) : [];
    const interfaces = exported.flatMap(
      (symbol) =>
        (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol).declarations ?? [],
    );
    const writable = interfaces
      .filter((node) => ts.isInterfaceDeclaration(node))
      .flatMap((node) =>
        node.members
          .filter((member) => ts.isPropertySignature(member))
          .filter((member) => !member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword))
          .map((member) => `${node.name.text}.${member.name.getText()}`),
      );
    expect(interfaces.length).toBeGreaterThan(40);
    expect(writable).toEqual([]);
  });
});
