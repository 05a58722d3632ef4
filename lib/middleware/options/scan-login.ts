/** The option `scanLogin`: its faults, and the ticket records and results that follow from it. */
import type { Cluster } from 'node:cluster';
import type * as ticketRecordsModule from '../scan/tickets/ticket-records';
import type * as resultsModule from '../scan/tickets/results';
import type * as ticketModule from '../scan/tickets/ticket';
import type * as localCacheModule from '../../stores/local-cache';
import { MemoryTokenStore } from '../../stores/memory-store';
import { hasSharedCache } from '../../stores/shared-cache';
import type { Warnings } from '../../warnings';
import type { CredentialOptions } from './environment';
import type { AuthOptions, ScanLoginOptions } from './options';
import type { OptionFault } from './options-error';
import { ownCopy } from './own-options';

export interface ScanLogin {
  readonly confirm: 'tap' | 'pin';
  readonly check: ScanLoginOptions['check'];
  readonly lifetimeMs: number;
  readonly tickets: ticketModule.Tickets;
  readonly ticketRecords: ticketRecordsModule.TicketRecords;
  readonly results: resultsModule.Results;
}

/**
 * Returns the function that creates the scan login of an account: `undefined` where it is off, and for an
 * account without an AppSecret, which signs the tickets. Accounts share ticket records and results. The
 * options are known to have no fault.
 *
 * @param namespace see `namespaceOf()`
 */
export function scanLoginResolver(
  options: AuthOptions,
  warnings: Warnings,
  namespace: string,
): (credentials: CredentialOptions) => ScanLogin | undefined {
  const { tokenStore } = options;
  const given = scanLoginOf(options);
  if (!given) return () => undefined;
  if (!sharesState(tokenStore) && !isMemoryStore(tokenStore)) warnOfStore(warnings);
  const { LocalCache, MAX_LISTS, MAX_RESULTS, TicketRecords, Results, TICKET_LIFETIME_MS, Tickets } =
    loadTickets();
  const cache = sharesState(tokenStore) ? tokenStore : new LocalCache(MAX_LISTS + MAX_RESULTS);
  const { confirm = 'tap', check } = given;
  const ticketRecords = new TicketRecords(cache);
  const results = new Results(cache, ticketRecords, confirm === 'pin');
  const lifetimeMs = Math.min(TICKET_LIFETIME_MS, options.loginTimeout ?? TICKET_LIFETIME_MS);
  return ({ appId, appSecret }) =>
    appId === undefined || appSecret === undefined
      ? undefined
      : {
          ...{ confirm, check, lifetimeMs, ticketRecords, results },
          tickets: new Tickets({ appId, appSecret }, `${namespace} ${confirm}`),
        };
}

/* eslint-disable @typescript-eslint/no-require-imports -- loaded late, and synchronously: most apps need none of it */
function loadTickets(): typeof ticketRecordsModule &
  typeof resultsModule &
  typeof ticketModule &
  typeof localCacheModule {
  return {
    ...(require('../scan/tickets/ticket-records') as typeof ticketRecordsModule),
    ...(require('../scan/tickets/results') as typeof resultsModule),
    ...(require('../scan/tickets/ticket') as typeof ticketModule),
    ...(require('../../stores/local-cache') as typeof localCacheModule),
  };
}
/* eslint-enable @typescript-eslint/no-require-imports */

export function hasScanLogin(options: AuthOptions): boolean {
  return scanLoginOf(options) !== undefined;
}

export function* scanLoginFaults(options: AuthOptions): Generator<OptionFault> {
  const { appId, component, account, flow, routes, tokenStore } = options;
  const isOn = hasScanLogin(options);
  if (flow === 'scan' && !isOn)
    yield { path: 'flow', message: "is 'scan', but scan login is off. Give scanLogin: true." };
  if (!isOn) return;
  if (account === undefined && appId === undefined) {
    yield {
      path: 'scanLogin',
      message: 'is on, but there is no official account. Give appId and appSecret of the official account.',
    };
  }
  if (component !== undefined) {
    yield {
      path: 'scanLogin',
      message:
        'is on, but the AppSecret signs its tickets, and an account for which a third-party platform acts has none. ' +
        'Leave scanLogin out.',
    };
  }
  if (routes?.scan === false)
    yield { path: 'routes.scan', message: 'is false, but scanLogin needs the route. Give it a path.' };
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: most processes never need it
  if ((require('node:cluster') as Cluster).isWorker && !sharesState(tokenStore)) {
    yield {
      path: 'scanLogin',
      message:
        'is on in a process of a cluster, and this tokenStore shares no results of scan logins between ' +
        'processes: the phone may finish the login at one process, and the PC ask another. ' +
        'Give tokenStore: new RedisTokenStore(client).',
    };
  }
}

function scanLoginOf({ scanLogin }: AuthOptions): ScanLoginOptions | undefined {
  if (scanLogin === true) return ownCopy({});
  return typeof scanLogin === 'object' ? scanLogin : undefined;
}

function sharesState(
  store: AuthOptions['tokenStore'],
): store is NonNullable<typeof store> & ConstructorParameters<typeof ticketRecordsModule.TicketRecords>[0] {
  return store !== undefined && hasSharedCache(store);
}

function isMemoryStore(store: AuthOptions['tokenStore']): boolean {
  return store === undefined || store instanceof MemoryTokenStore;
}

/** Only a warning, because this process cannot know whether there are others. */
function warnOfStore(warnings: Warnings): void {
  warnings.once('WECHAT_SCAN_LOGIN_STORE', {
    en:
      'scanLogin is on, and this tokenStore shares no results of scan logins between processes. ' +
      'With more than one process, logins get lost between the phone and the PC: give tokenStore: ' +
      'new RedisTokenStore(client). With a single process, ignore this.',
    zh: '打开了 scanLogin，但这个 tokenStore 不在进程间共享扫码登录的结果。多进程请使用 RedisTokenStore，单进程可以忽略。',
  });
}
