// The projects of users, each with one small app. Every app guards /me, whose response holds WeChat's user
// and the openid in the session.
import type { ProjectOptions } from './consumer-project';

/** Compiler options of a strict project that also checks the types of its packages. */
const STRICT = {
  strict: true,
  skipLibCheck: false,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  target: 'es2022',
  lib: ['es2023'],
  types: ['node'],
};

/** Lines that must not compile: they would if the types were not found. */
const REFUSED = `
export function refused() {
  // @ts-expect-error there is no such option
  wechatAuth({ appID: 'wx' });
  // @ts-expect-error a port is a number
  void createEmulator({ port: '8917' });
}
`;

const IMPORTS = `
import { requireWechatUser, wechatAuth } from 'express-wechat-auth';
import { createEmulator } from 'express-wechat-auth/emulator';
`;

const COOKIE_SESSION = "cookieSession({ name: 'session', keys: ['consumer'] })";
const EXPRESS_SESSION = "session({ secret: 'consumer', resave: false, saveUninitialized: false })";

const WITH_EXPRESS_SESSION = `
import type { AddressInfo } from 'node:net';
import express from 'express';
import session from 'express-session';
${IMPORTS}
async function start(): Promise<void> {
  const wechat = await createEmulator();
  const { appId, appSecret } = wechat.apps.official;
  const app = express();
  app.use(${EXPRESS_SESSION});
  app.use(wechatAuth({ appId, appSecret, endpoints: wechat.endpoints }));
  app.get('/me', requireWechatUser(), (req, res) => {
    // @ts-expect-error there is no such member
    void req.wechat.users;
    res.json({ user: req.wechat.user, openid: req.session.wechat?.openid });
  });
  const server = app.listen(0, '127.0.0.1', () => {
    console.log(\`Listening at http://127.0.0.1:\${(server.address() as AddressInfo).port}\`);
  });
}
void start();
${REFUSED}`;

const WITH_COOKIE_SESSION = WITH_EXPRESS_SESSION.replace(
  "import session from 'express-session'",
  "import cookieSession from 'cookie-session'",
)
  .replace(EXPRESS_SESSION, COOKIE_SESSION)
  .replace('req.session.wechat', 'req.session?.wechat');

const EXPRESS_5 = ['express', '@types/express', '@types/node'] as const;

/** JavaScript with checked types. The environment holds the addresses of WeChat. */
const COMMONJS = `// @ts-check
const cookieSession = require('cookie-session');
const express = require('express');
const { requireWechatUser, wechatAuth } = require('express-wechat-auth');
const { createEmulator } = require('express-wechat-auth/emulator');

const app = express();
app.use(${COOKIE_SESSION});
app.use(wechatAuth());
app.get('/me', requireWechatUser(), (req, res) => {
  res.json({ user: req.wechat.user, openid: req.session?.wechat?.openid });
});
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') console.log(\`Listening at http://127.0.0.1:\${address?.port}\`);
});
${REFUSED.replace('export ', '')}`;

const ESM = `// @ts-check
import express from 'express';
import session from 'express-session';
${IMPORTS}
const wechat = await createEmulator();
const { appId, appSecret } = wechat.apps.official;
const app = express();
app.use(${EXPRESS_SESSION});
app.use(wechatAuth({ appId, appSecret, endpoints: wechat.endpoints }));
app.get('/me', requireWechatUser(), (req, res) => {
  res.json({ user: req.wechat.user, openid: req.session.wechat?.openid });
});
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') console.log(\`Listening at http://127.0.0.1:\${address?.port}\`);
});
${REFUSED}`;

const CONNECT = `
import http = require('node:http');
import type { AddressInfo } from 'node:net';
import cookieSession = require('cookie-session');
import connect = require('connect');
import { requireWechatUser, wechatAuth, type WechatRequest } from 'express-wechat-auth';
import { createEmulator } from 'express-wechat-auth/emulator';

const app = connect();
app.use(${COOKIE_SESSION} as unknown as connect.NextHandleFunction);
app.use(wechatAuth());
app.use('/me', requireWechatUser());
app.use('/me', (req, res) => {
  const { wechat, session } = req as WechatRequest;
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify({ user: wechat.user, openid: session?.wechat?.openid }));
});
const server = http.createServer(app).listen(0, '127.0.0.1', () => {
  console.log(\`Listening at http://127.0.0.1:\${(server.address() as AddressInfo).port}\`);
});
${REFUSED}`;

/** No framework, and no types except Node's: the types of the session package are not installed. */
const PLAIN = `
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
// @ts-expect-error it has no types
import session from 'express-session';
import { requireWechatUser, wechatAuth, type WechatRequest } from 'express-wechat-auth';
import { createEmulator, type Emulator } from 'express-wechat-auth/emulator';

type Handler = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

const emulator: Emulator = await createEmulator();
const { appId, appSecret } = emulator.apps.official;
const handlers: readonly Handler[] = [
  ${EXPRESS_SESSION},
  wechatAuth({ appId, appSecret, endpoints: emulator.endpoints }),
  requireWechatUser({ check: ({ openid }) => openid.startsWith('o') }),
  (req, res) => {
    const { wechat, session } = req as WechatRequest;
    // @ts-expect-error there is no such member
    void wechat.users;
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({ user: wechat.user, openid: session?.wechat?.openid }));
  },
];
const server = http.createServer((req, res) => {
  const run = (index: number, error?: unknown): void => {
    if (error === undefined) return handlers[index]?.(req, res, (fault) => run(index + 1, fault));
    res.statusCode = 500;
    res.end(String(error));
  };
  run(0);
});
server.listen(0, '127.0.0.1', () => {
  console.log(\`Listening at http://127.0.0.1:\${(server.address() as AddressInfo).port}\`);
});
${REFUSED}`;

const NESTJS = `
import 'reflect-metadata';
import { Controller, Get, Module, Req, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request } from 'express';
import session from 'express-session';
${IMPORTS}
@Controller('me')
class MeController {
  @Get()
  me(@Req() req: Request): object {
    return { user: req.wechat.user, openid: req.session.wechat?.openid };
  }
}

@Module({ controllers: [MeController] })
class AppModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(requireWechatUser()).forRoutes(MeController);
  }
}

const wechat = await createEmulator();
const { appId, appSecret } = wechat.apps.official;
const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: false });
app.use(${EXPRESS_SESSION});
app.use(wechatAuth({ appId, appSecret, endpoints: wechat.endpoints }));
await app.listen(0, '127.0.0.1');
console.log(\`Listening at \${await app.getUrl()}\`);
${REFUSED}`;

export interface ProjectRow extends ProjectOptions {
  readonly what: string;
  readonly compilerOptions: Readonly<Record<string, unknown>>;
  /** Whether TypeScript 7 does not have these options. */
  readonly needsTypescript6?: boolean;
  /** The file that starts the app, and its content. */
  readonly main: string;
  readonly source: string;
  /** Whether the command starts the emulator, and the environment holds its addresses. */
  readonly usesCommand?: boolean;
}

export const PROJECTS: readonly ProjectRow[] = [
  {
    what: 'CommonJS',
    type: 'commonjs',
    installed: [...EXPRESS_5, 'cookie-session', '@types/cookie-session'],
    compilerOptions: { ...STRICT, module: 'node16', allowJs: true, checkJs: true, noEmit: true },
    main: 'app.js',
    source: COMMONJS,
    usesCommand: true,
  },
  {
    what: 'ESM',
    type: 'module',
    installed: [...EXPRESS_5, 'express-session', '@types/express-session'],
    compilerOptions: { ...STRICT, module: 'nodenext', allowJs: true, checkJs: true, noEmit: true },
    main: 'app.js',
    source: ESM,
  },
  {
    what: 'TypeScript under node16',
    type: 'commonjs',
    installed: [...EXPRESS_5, 'express-session', '@types/express-session'],
    compilerOptions: { ...STRICT, module: 'node16', moduleResolution: 'node16', esModuleInterop: true },
    main: 'app.ts',
    source: WITH_EXPRESS_SESSION,
  },
  {
    what: 'TypeScript under nodenext',
    type: 'module',
    installed: [...EXPRESS_5, 'cookie-session', '@types/cookie-session'],
    compilerOptions: {
      ...STRICT,
      module: 'nodenext',
      moduleResolution: 'nodenext',
      verbatimModuleSyntax: true,
      isolatedModules: true,
    },
    main: 'app.ts',
    source: WITH_COOKIE_SESSION,
  },
  {
    what: 'TypeScript under bundler',
    type: 'module',
    installed: [...EXPRESS_5, 'express-session', '@types/express-session'],
    compilerOptions: { ...STRICT, module: 'esnext', moduleResolution: 'bundler' },
    main: 'app.ts',
    source: WITH_EXPRESS_SESSION,
  },
  {
    what: 'TypeScript under node10',
    type: 'commonjs',
    installed: [...EXPRESS_5, 'cookie-session', '@types/cookie-session'],
    compilerOptions: {
      ...STRICT,
      module: 'commonjs',
      moduleResolution: 'node10',
      ignoreDeprecations: '6.0',
      esModuleInterop: true,
    },
    needsTypescript6: true,
    main: 'app.ts',
    source: WITH_COOKIE_SESSION,
  },
  {
    what: 'Express 4 and its types',
    type: 'commonjs',
    installed: [
      ['express', 'express4'],
      ['@types/express', '@types/express4'],
      '@types/node',
      'express-session',
      '@types/express-session',
    ],
    compilerOptions: { ...STRICT, module: 'node16', esModuleInterop: true },
    main: 'app.ts',
    source: WITH_EXPRESS_SESSION,
  },
  {
    what: 'Connect',
    type: 'commonjs',
    installed: ['connect', '@types/connect', '@types/node', 'cookie-session', '@types/cookie-session'],
    compilerOptions: { ...STRICT, module: 'node16' },
    main: 'app.ts',
    source: CONNECT,
    usesCommand: true,
  },
  {
    what: 'node:http, without any types of Express or sessions',
    type: 'module',
    installed: ['@types/node', 'express-session'],
    compilerOptions: { ...STRICT, module: 'nodenext' },
    main: 'app.ts',
    source: PLAIN,
  },
  {
    what: 'NestJS',
    type: 'module',
    installed: [
      ...EXPRESS_5,
      '@nestjs/common',
      '@nestjs/core',
      '@nestjs/platform-express',
      'reflect-metadata',
      'rxjs',
      'express-session',
      '@types/express-session',
    ],
    compilerOptions: {
      ...STRICT,
      module: 'nodenext',
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
    main: 'app.ts',
    source: NESTJS,
  },
];
