import type { AccountFlow, PageAccountFlow } from '../../../oauth/flows';
import type { CheckId } from './check-list';

interface FlowChecks {
  readonly appId: CheckId;
  readonly appSecret: CheckId;
  readonly credentials: CheckId;
}

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
  miniProgram: {
    appId: 'mini-program-app-id',
    appSecret: 'mini-program-app-secret',
    credentials: 'mini-program-credentials',
  },
  mobileApp: {
    appId: 'mobile-app-id',
    appSecret: 'mobile-app-secret',
    credentials: 'mobile-app-credentials',
  },
} as const satisfies Readonly<
  Record<AccountFlow, FlowChecks> & Record<PageAccountFlow, { readonly loginPage: CheckId }>
>;
