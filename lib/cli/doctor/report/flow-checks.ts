import type { AccountFlow } from '../../../oauth/flows';
import type { CheckId } from './check-list';

/** The checks that exist once for each flow. */
export const FLOW_CHECKS = {
  official: {
    appId: 'app-id',
    appSecret: 'app-secret',
    credentials: 'credentials',
    loginPage: 'login-page',
  },
  website: {
    appId: 'website-app-id',
    appSecret: 'website-app-secret',
    credentials: 'website-credentials',
    loginPage: 'website-login-page',
  },
} as const satisfies Readonly<Record<AccountFlow, Readonly<Record<string, CheckId>>>>;
