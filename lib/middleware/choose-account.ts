/**
 * Finds the account of each request (option `account`). All accounts share the records of logins, the token
 * store and the connections, so that an account costs little and one app can serve thousands of them.
 */
import { WechatAuthError } from '../errors';
import { lazyCache } from '../lazy-cache';
import { isAppId } from '../oauth/credentials';
import { ACCOUNT_FLOWS } from '../oauth/flows';
import { keepTrace } from './failures/app-trace';
import { callInTime, HookFailed, HookTooLate, isPromise } from './failures/call-in-time';
import { warnOperator } from './failures/warn-operator';
import { pathOf, queryOf, type HostRequest } from './http/request';
import { credentialFaults, flowFaults } from './options/credential-faults';
import { credentialsOf, type CredentialOptions } from './options/environment';
import { findAccountFaults, readable } from './options/option-checks';
import { OptionsError } from './options/options-error';
import { isOptionsObject, ownCopy, ownOptions } from './options/own-options';
import type { ResolvedOptions } from './options/resolve-options';
import { hash } from './state/hash';

/**
 * The accounts that were used most recently stay in memory. Any other one is created again at its next
 * request.
 */
const MAX_ACCOUNTS = 1_000;

/** An account of an earlier request. */
interface KnownAccount {
  readonly config: ResolvedOptions;
  /** The function that the newest request gave: an app may create one for each request. */
  platformToken: (() => string | Promise<string>) | undefined;
}

/**
 * Returns a function that finds the account of a request, and returns the options that apply to it. It never
 * throws or rejects: if `account` fails, the field `missingAccount` of the options has the error.
 */
export function accountChooser(
  config: ResolvedOptions,
  { choose, resolve }: NonNullable<ResolvedOptions['byRequest']>,
): (req: HostRequest) => ResolvedOptions | Promise<ResolvedOptions> {
  const known = lazyCache<KnownAccount>({ max: MAX_ACCOUNTS });
  const none: ResolvedOptions = { ...config, missingAccount: { hasFailed: false, error: noAccount } };

  const configOf = (returned: unknown): ResolvedOptions => {
    if (returned === undefined || returned === null) return none;
    const credentials = (isOptionsObject(returned) ? ownOptions(returned) : returned) as CredentialOptions;
    const key = keyOf(credentials);
    let account = key === undefined ? undefined : known().get(key);
    if (!account) {
      requireNoFaults(config, credentials);
      account = create(config, resolve, credentials);
      if (key !== undefined) known().set(key, account);
    }
    account.platformToken = credentials.component?.accessToken;
    return account.config;
  };

  const failed = (thrown: unknown, req: HostRequest): ResolvedOptions => {
    const error = asFailure(thrown, req);
    warnOperator({ config }, error);
    return { ...config, missingAccount: { hasFailed: true, error: () => error } };
  };

  return (req) => {
    try {
      const chosen: unknown = choose(req);
      if (!isPromise(chosen)) return configOf(chosen);
      return callInTime('The option account', () => chosen)
        .then(configOf)
        .catch((error: unknown) => failed(error, req));
    } catch (error) {
      return failed(error, req);
    }
  };
}

function create(
  config: ResolvedOptions,
  resolve: NonNullable<ResolvedOptions['byRequest']>['resolve'],
  { component, ...others }: CredentialOptions,
): KnownAccount {
  const newest: Pick<KnownAccount, 'platformToken'> = { platformToken: component?.accessToken };
  const accessToken = (): string | Promise<string> => newest.platformToken?.() ?? '';
  const credentials = ownCopy({ ...others, ...(component && { component: { ...component, accessToken } }) });
  return Object.assign(newest, { config: { ...config, ...resolve(credentials) } });
}

/**
 * The key of an account and its credentials in the cache. It is a hash, because the AppSecret is among them.
 * It is `undefined` if a value is not a string: the checks report such a value.
 */
function keyOf(credentials: CredentialOptions): string | undefined {
  if (!isOptionsObject(credentials)) return undefined;
  const { component } = credentials;
  if (component !== undefined && (!isOptionsObject(component) || typeof component.accessToken !== 'function'))
    return undefined;
  const values: unknown[] = [
    ...ACCOUNT_FLOWS.flatMap((flow) => {
      const { appId, appSecret } = credentialsOf(credentials, flow);
      return [appId, appSecret];
    }),
    component?.appId,
  ];
  const parts = values.map((value) =>
    value === undefined ? '' : typeof value === 'string' ? `=${value}` : value,
  );
  return parts.every((part) => typeof part === 'string') ? hash(parts) : undefined;
}

/** @throws OptionsError that lists the faults of these credentials. */
function requireNoFaults({ flow }: ResolvedOptions, credentials: CredentialOptions): void {
  const faults = readable(() => {
    const perOption = findAccountFaults(credentials);
    if (!isOptionsObject(credentials)) return perOption;
    const faultyPaths = new Set(perOption.map(({ path }) => path));
    const across = [...credentialFaults(credentials, false), ...flowFaults(flow, credentials)];
    return [...perOption, ...across.filter(({ path }) => !faultyPaths.has(path))];
  });
  if (faults.length === 0) return;
  const appId = knownAppId(credentials);
  const whose = `The result of the option account${appId === undefined ? '' : ` (AppID ${appId})`}`;
  throw new OptionsError(faults, whose, 'The result');
}

/** The first AppID that has the form of one: any other text may be a secret in the wrong place. */
function knownAppId(credentials: CredentialOptions): string | undefined {
  if (!isOptionsObject(credentials)) return undefined;
  return ACCOUNT_FLOWS.map((flow) => credentialsOf(credentials, flow).appId).find(
    (appId) => typeof appId === 'string' && isAppId(appId),
  );
}

function noAccount(): WechatAuthError {
  return new WechatAuthError(
    'config',
    'This request belongs to no account: the option account returned undefined or null. ' +
      'Return the credentials of an account, or do not guard this page.',
  );
}

/**
 * An error of the app is only the cause, because its message may hold details that the browser must not see.
 */
function asFailure(thrown: unknown, req: HostRequest): WechatAuthError {
  if (thrown instanceof OptionsError || thrown instanceof HookTooLate) return thrown;
  const error = new HookFailed('The option account', thrown);
  keepTrace(error, thrown, secretsIn(req));
  return error;
}

/** The secrets that the address of a request may hold: of a login, or the ticket of a scan login. */
function secretsIn({ url = '' }: HostRequest): string[] {
  const query = queryOf(url);
  const named = ['code', 'state', 'data', 'session'].flatMap((name) => query.get(name) ?? []);
  return [...named, pathOf(url).split('/').at(-1) ?? ''];
}
