/** The code that is measured, in parts, each with the tests that must notice its faults. */
export const PARTS = {
  tokens: { mutate: ['lib/oauth/tokens/*.ts'], tests: ['oauth/tokens/*.test.ts'] },
  redact: { mutate: ['lib/redact.ts'], tests: ['redact.test.ts'] },
  http: {
    mutate: ['lib/middleware/http/{request,response,return-to,verification-file}.ts'],
    tests: ['middleware/http/{request,response,return-to-check,verification-file}.test.ts'],
  },
  browsers: {
    mutate: ['lib/middleware/http/{browser-cookies,user-agent}.ts'],
    tests: ['middleware/http/{browser-cookies,user-agent}.test.ts'],
  },
  addresses: {
    mutate: ['lib/middleware/addresses.ts'],
    tests: ['middleware/addresses.test.ts'],
  },
  guard: {
    mutate: ['lib/middleware/require-wechat-user.ts'],
    tests: [
      'middleware/require-wechat-user.test.ts',
      'middleware/accounts/accounts.test.ts',
      'middleware/login/client-code.test.ts',
    ],
  },
  session: {
    mutate: ['lib/middleware/state/{pending-logins,session,session-*,missing-session,storable}.ts'],
    tests: [
      'middleware/state/{pending-logins,request-session,cookie-options,session-reasons,storable}.test.ts',
    ],
  },
  callbacks: {
    mutate: [
      'lib/middleware/state/{callback-results,finishing-logins,logouts,started-logins,across-processes,hash}.ts',
    ],
    tests: [
      'middleware/state/{callback-results,callback-results-elsewhere,hash,started-logins}.test.ts',
      'middleware/login/{current-login,logout}.test.ts',
    ],
  },
  callback: {
    mutate: ['lib/middleware/login/{callback,exchange}.ts'],
    tests: [
      'middleware/login/{callback-*,client-code,login,login-events,on-login}.test.ts',
      'middleware/login/links/same-login.test.ts',
      'middleware/state/callback-results.test.ts',
      'middleware/scan/phone.test.ts',
      'middleware/accounts/accounts.test.ts',
    ],
  },
  'current-login': {
    mutate: ['lib/middleware/login/{current-login,logout}.ts'],
    tests: [
      'middleware/login/{current-login,logout}.test.ts',
      'middleware/state/{callback-results,session-at-login}.test.ts',
      'security/account-takeover.test.ts',
    ],
  },
  login: {
    mutate: ['lib/middleware/login/{login,login-link,choose-flow,unauthenticated}.ts'],
    tests: [
      'middleware/login/{login,login-events,scripts}.test.ts',
      'middleware/login/links/same-login.test.ts',
      'middleware/req-wechat.test.ts',
    ],
  },
  'on-login': {
    mutate: ['lib/middleware/login/{on-login,login-data}.ts'],
    tests: [
      'middleware/login/{login,on-login}.test.ts',
      'middleware/login/links/same-login.test.ts',
      'middleware/accounts/accounts.test.ts',
    ],
  },
  'client-codes': {
    mutate: ['lib/middleware/login/client-code.ts', 'lib/middleware/state/code-results.ts'],
    tests: ['middleware/login/{client-code,client-code-security,current-login,login-events}.test.ts'],
  },
  'login-events': {
    mutate: ['lib/middleware/login/{login-events,login-reporter}.ts'],
    tests: ['middleware/login/login-events.test.ts', 'middleware/scan/events.test.ts'],
  },
};
