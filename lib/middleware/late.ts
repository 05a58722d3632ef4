/**
 * Modules that only some apps or requests need. Each is loaded at its first use: the process starts sooner,
 * and may never need some of them.
 */
import { lazy } from '../async/lazy';
import type * as callbackModule from './login/callback';
import type * as chooseAccountModule from './choose-account';
import type * as clientCodeModule from './login/client-code';
import type * as loginDataModule from './login/login-data';
import type * as loginModule from './login/login';
import type * as logoutModule from './login/logout';
import type * as pcModule from './scan/pc';
import type * as phoneModule from './scan/phone';
import type * as pollModule from './scan/poll';
import type * as unauthenticatedModule from './login/unauthenticated';

/* eslint-disable @typescript-eslint/no-require-imports -- `import()` would make a promise of each call */
export const late = {
  callback: lazy(() => require('./login/callback') as typeof callbackModule),
  chooseAccount: lazy(() => require('./choose-account') as typeof chooseAccountModule),
  clientCode: lazy(() => require('./login/client-code') as typeof clientCodeModule),
  login: lazy(() => require('./login/login') as typeof loginModule),
  loginData: lazy(() => require('./login/login-data') as typeof loginDataModule),
  logout: lazy(() => require('./login/logout') as typeof logoutModule),
  scanPC: lazy(() => require('./scan/pc') as typeof pcModule),
  scanPhone: lazy(() => require('./scan/phone') as typeof phoneModule),
  scanPoll: lazy(() => require('./scan/poll') as typeof pollModule),
  unauthenticated: lazy(() => require('./login/unauthenticated') as typeof unauthenticatedModule),
} as const;
/* eslint-enable @typescript-eslint/no-require-imports */
