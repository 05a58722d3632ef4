// The types that an app in TypeScript gets from express-wechat-auth, beside the other packages that it has
// installed. Nothing here is run.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { blocksOf } from '../docs/blocks';
import { ConsumerProject, type Installed } from '../packed/consumer-project';
import { Tarball } from '../packed/tarball';

const RESOLUTIONS = {
  node10: { module: 'commonjs', moduleResolution: 'node10' },
  node16: { module: 'node16', moduleResolution: 'node16' },
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
} as const;
const RESOLUTION_NAMES = Object.keys(RESOLUTIONS) as (keyof typeof RESOLUTIONS)[];
/** TypeScript 7 does not have node10. */
const RESOLUTIONS_OF_7 = [RESOLUTIONS.node16, RESOLUTIONS.nodenext, RESOLUTIONS.bundler] as const;

const SAME = `
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;
`;

/** Options and hooks that an app may write on any framework. */
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
// @ts-expect-error a string cannot be stored as a user
wechatAuth({ onLogin: () => 'ming' });
// @ts-expect-error a promise of a number cannot either
wechatAuth({ onLogin: async () => 1 });
// @ts-expect-error an array cannot either
wechatAuth({ onLogin: () => [{ id: 1 }] });
// @ts-expect-error the name of a verification file ends in .txt
wechatAuth({ verificationFiles: { 'MP_verify_x.html': 'x' } });
// @ts-expect-error appID is not an option
wechatAuth({ appID: 'wx…' });
// @ts-expect-error json is not a mode
requireWechatUser({ mode: 'json' });
// @ts-expect-error the openid is missing
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
    // @ts-expect-error it is undefined if nobody is logged in
    void login.openid;
    // @ts-expect-error users is not a member
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
  // @ts-expect-error it is read-only
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
  // @ts-expect-error it is read-only
  req.session.wechat = undefined;
  // @ts-expect-error token is not a field
  void req.session.wechat?.token;
  // @ts-expect-error the app has not declared it
  void req.session.shop;
});
`;

const COOKIE_SESSION = `${EXPRESS}
import cookieSession from 'cookie-session';
app.use(cookieSession({ keys: ['k'] }));
app.get('/cart', (req, res) => {
  same<NonNullable<typeof req.session>['wechat'], WechatSession | undefined>(true);
  if (req.session) req.session['cart'] = ['tea'];
  // @ts-expect-error token is not a field
  void req.session?.wechat?.token;
  res.json(req.session?.wechat?.openid);
});
`;

/** An app that declares its own user type and session key. */
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
  // @ts-expect-error it is a field of WeChat's profile, not of this app's user
  void req.wechat.user?.nickname;
  res.json(id);
});
// @ts-expect-error the name is missing
wechatAuth({ onLogin: () => ({ id: 1 }) });
// @ts-expect-error the id is a number
wechatAuth({ onLogin: async () => ({ id: '1', name: '' }) });
// @ts-expect-error WeChat's profile is not an Account
wechatAuth({ onLogin: () => undefined });
`;

/** An app whose user type WeChat's profile satisfies: onLogin may return nothing. */
const OWN_TYPES_OF_WECHAT = `
import { wechatAuth } from 'express-wechat-auth';
declare module 'express-wechat-auth' {
  interface AppTypes {
    readonly user: { readonly openid: string; readonly vip?: boolean };
  }
}
wechatAuth({ onLogin: () => undefined });
wechatAuth({ onLogin: (_req, { user }) => ({ openid: user.openid, vip: true }) });
// @ts-expect-error vip is a boolean
wechatAuth({ onLogin: (_req, { user }) => ({ openid: user.openid, vip: 'yes' }) });
`;

jest.setTimeout(120_000);

const projects: ConsumerProject[] = [];
let tarball: Tarball;
beforeAll(() => {
  tarball = new Tarball();
});
afterAll(() => {
  for (const project of projects) project.remove();
  tarball.remove();
});

function install(...installed: Installed[]): ConsumerProject {
  const project = new ConsumerProject(tarball, { installed: ['@types/node', ...installed] });
  projects.push(project);
  return project;
}

const EXPRESS_5 = '@types/express';
const EXPRESS_4 = ['@types/express', '@types/express4'] as const;

const DEFAULTS = {
  noEmit: true,
  strict: true,
  skipLibCheck: false,
  target: 'es2022',
  lib: ['es2023'],
  types: ['node'],
  esModuleInterop: true,
};

type Options = Readonly<Record<string, unknown>>;

/** The errors that TypeScript 7 finds in these sources, each under its options. */
function errorsOf7(
  project: ConsumerProject,
  ...apps: readonly (readonly [source: string, Options])[]
): string[] {
  const compiled = apps.map(([source, options], index) => {
    const file = `app-${index}.ts`;
    project.write(file, source);
    return { file, compilerOptions: { ...DEFAULTS, ...options } };
  });
  return project.compile(...compiled);
}

/** The errors that TypeScript 6 finds in a source, and in the types that were installed with it. */
function errorsIn(project: ConsumerProject, source: string, options: Options): string[] {
  project.write('app.ts', source);
  // For node10, which users still have.
  const all = { ...DEFAULTS, ignoreDeprecations: '6.0', ...options };
  return project.compileWith6('app.ts', all, 'copied types');
}

interface Row {
  readonly what: string;
  readonly installed: readonly Installed[];
  readonly source: string;
  /** Whether TypeScript 7 compiles it under every module resolution; it needs half a second for each. */
  readonly everyResolution?: boolean;
  /** Whether TypeScript 6 does so too; otherwise it compiles the source under one. */
  readonly everyResolutionOf6?: boolean;
}

const ROWS: readonly Row[] = [
  {
    what: 'node:http, and no types of Express or sessions',
    installed: [],
    source: PLAIN,
    everyResolution: true,
  },
  {
    what: 'session packages without types',
    installed: ['express-session', 'cookie-session'],
    source: PLAIN,
  },
  { what: 'Express 5', installed: [EXPRESS_5], source: EXPRESS },
  {
    what: 'Express 5 and express-session',
    installed: [EXPRESS_5, '@types/express-session'],
    source: EXPRESS_SESSION,
  },
  {
    what: 'Express 4 and express-session',
    installed: [EXPRESS_4, '@types/express-session'],
    source: EXPRESS_SESSION,
    everyResolution: true,
  },
  {
    what: 'Express 5 and cookie-session',
    installed: [EXPRESS_5, '@types/cookie-session'],
    source: COOKIE_SESSION,
    everyResolution: true,
    everyResolutionOf6: true,
  },
  {
    what: 'Express 4 and cookie-session',
    installed: [EXPRESS_4, '@types/cookie-session'],
    source: COOKIE_SESSION,
  },
  {
    what: 'Express 5 and both kinds of session',
    installed: [EXPRESS_5, '@types/cookie-session', '@types/express-session'],
    source: EXPRESS_SESSION,
  },
];

describe.each(ROWS)('an app with $what', ({ installed, source, everyResolution, everyResolutionOf6 }) => {
  let app: ConsumerProject;
  beforeAll(() => {
    app = install(...installed);
  });

  const of6 = everyResolutionOf6
    ? RESOLUTION_NAMES
    : everyResolution
      ? ['node10' as const]
      : ['node16' as const];
  it.each(of6)('has its types under %s with TypeScript 6', (name) => {
    expect(errorsIn(app, source, RESOLUTIONS[name])).toEqual([]);
  });

  if (!everyResolution) return;

  it('has its types with TypeScript 7, under each resolution, with exactOptionalPropertyTypes and without strict', () => {
    const exact = { ...RESOLUTIONS.node16, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
    const strict = [...RESOLUTIONS_OF_7, exact].map((options) => [source, options] as const);
    const loose = source.replace(/.*it is undefined if nobody is logged in\n.*\n/, '');
    expect(errorsOf7(app, ...strict, [loose, { ...RESOLUTIONS.node16, strict: false }])).toEqual([]);
  });
});

describe('an app that names its own user and session key', () => {
  it.each([4, 5] as const)('finds their types in requests, guards and sessions of Express %d', (version) => {
    const app = install(version === 4 ? EXPRESS_4 : EXPRESS_5, '@types/express-session');
    expect(errorsIn(app, OWN_TYPES, RESOLUTIONS.node10)).toEqual([]);
    const exact = { ...RESOLUTIONS.node16, exactOptionalPropertyTypes: true };
    expect(errorsOf7(app, [OWN_TYPES, RESOLUTIONS.bundler], [OWN_TYPES, exact])).toEqual([]);
  });

  const strictest = {
    ...RESOLUTIONS.node16,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
  };

  // docs/proofs/typescript.test.ts compiles it with TypeScript 7.
  describe.each(['docs/typescript.md', 'docs/zh-CN/typescript.md'])('in the code of %s', (page) => {
    const blocks = blocksOf(page).filter(({ language }) => language === 'ts');

    it('compiles with cookie-session', () => {
      expect(blocks).toHaveLength(4);
      const app = install(EXPRESS_5, '@types/cookie-session');
      for (const { given, code } of blocks)
        expect(errorsIn(app, [given, code].join('\n'), strictest)).toEqual([]);
    });

    it('compiles with express-session in its place', () => {
      const app = install(EXPRESS_5, '@types/express-session');
      const session =
        "import type {} from 'express-session'; declare function cookieSession(options: object): express.Handler;";
      for (const { given, code } of blocks) {
        const other = code.replace("import cookieSession from 'cookie-session';", session);
        expect(errorsIn(app, [given, other].join('\n'), strictest)).toEqual([]);
      }
    });
  });

  it("may return nothing from onLogin if WeChat's profile satisfies its user type", () => {
    expect(errorsIn(install(), OWN_TYPES_OF_WECHAT, RESOLUTIONS.node16)).toEqual([]);
  });
});

describe('the compiler of an app', () => {
  const WRONG_ID = `
      import { wechatAuth } from 'express-wechat-auth';
      declare module 'express-wechat-auth' { interface AppTypes { user: { id: number } } }
      wechatAuth({ onLogin: async () => ({ id: '1' }) });`;

  it.each([
    [6, (app: ConsumerProject) => errorsIn(app, WRONG_ID, RESOLUTIONS.node16)],
    [7, (app: ConsumerProject) => errorsOf7(app, [WRONG_ID, RESOLUTIONS.node16])],
  ] as const)('reports in one error what onLogin must return, in TypeScript %d', (_, errorsOf) => {
    const [error, ...more] = errorsOf(install());
    expect(more).toEqual([]);
    expect(error).toMatch(
      /^app\S*\.ts:4 TS2322 .*Types of property 'id' are incompatible\.\s+Type 'string' is not assignable to type 'number'\.$/,
    );
  });

  it('rejects the augmentation of an untyped module without our @ts-ignore', () => {
    const app = install('express-session');
    app.rewriteInstalled('dist/middleware/state/wechat-session.d.ts', (text) =>
      text.replace('@ts-ignore', ''),
    );
    expect(errorsIn(app, PLAIN, RESOLUTIONS.node16)).toEqual([expect.stringContaining('TS2665')]);
  });
});

describe('the published types', () => {
  const DIST = path.resolve(__dirname, '../../dist');
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.d.ts'))
    .map((name) => path.join(DIST, name));

  /** Every `any`, written or inferred: a type that the compiler cannot resolve becomes one too. */
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

  it('contain no any', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap((name) => anysIn(name, readFileSync(name, 'utf8')))).toEqual([]);
  });

  it('are searched in a way that finds an any', () => {
    expect(anysIn('a.d.ts', 'export declare const a: { readonly b?: any[] };')).toEqual(['a.d.ts: any[]']);
  });

  /** The properties of an interface or a type, and of the objects inside them, that can be assigned to. */
  function writableIn(declaration: ts.InterfaceDeclaration | ts.TypeAliasDeclaration): string[] {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const isWritable =
        ts.isPropertySignature(node) &&
        !node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword);
      if (isWritable) found.push(`${declaration.name.text}: ${node.name.getText()}`);
      ts.forEachChild(node, visit);
    };
    visit(declaration);
    return found;
  }

  const isInterfaceOrType = (node: ts.Node): node is ts.InterfaceDeclaration | ts.TypeAliasDeclaration =>
    ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);

  it('have only read-only properties', () => {
    const program = ts.createProgram([path.join(DIST, 'index.d.ts')], { types: [], skipLibCheck: true });
    const checker = program.getTypeChecker();
    const index = program.getSourceFile(path.join(DIST, 'index.d.ts'));
    const entry = index && checker.getSymbolAtLocation(index);
    const exported = entry ? checker.getExportsOfModule(entry) : [];
    const declarations = exported.flatMap(
      (symbol) =>
        (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol).declarations ?? [],
    );
    const types = declarations.filter(isInterfaceOrType);
    expect(types.filter(ts.isInterfaceDeclaration).length).toBeGreaterThan(30);
    expect(types.filter(ts.isTypeAliasDeclaration).length).toBeGreaterThan(15);
    expect(types.flatMap(writableIn)).toEqual([]);
  });

  it('are searched in a way that finds a property that is not read-only, in interfaces and types', () => {
    const text = `
      interface A { readonly a: { readonly b: 1; c: 2 } }
      type D = A | { e?: 3; readonly f?: 4 };`;
    const source = ts.createSourceFile('a.d.ts', text, ts.ScriptTarget.Latest, true);
    const found = source.statements.filter(isInterfaceOrType).flatMap(writableIn);
    expect(found).toEqual(['A: c', 'D: e']);
  });
});
