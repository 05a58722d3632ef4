import { personOf } from './connect/person';
import type { FaultSubject } from './faults/fault-plan';
import type { IncomingRequest } from './http/incoming-request';
import { PATHS } from './http/paths';
import type { Grant } from './world/credentials/grants';
import type { EmulatorUser } from './world/people/users';
import type { World } from './world/world';

/** The app, user and code that a request is about, for the option `match` of a planned fault. */
export function faultSubject(incoming: IncomingRequest, world: World): FaultSubject {
  const parameters: Readonly<Record<string, string | undefined>> = { ...incoming.query, ...incoming.form };
  const code = parameters['code'] ?? parameters['js_code'];
  const grant = world.codes.grantOf(code) ?? grantOfToken(parameters, world);
  const qrLogin = world.qrLogins.find(parameters['uuid']);
  return {
    app: parameters['appid'] ?? qrLogin?.app.appId ?? grant?.app.appId,
    user: (grant?.user ?? qrLogin?.user ?? personAtPage(incoming, world))?.id,
    code,
  };
}

function grantOfToken(
  { access_token: access = '', refresh_token: refresh = '' }: Readonly<Record<string, string | undefined>>,
  { tokens }: World,
): Grant | undefined {
  return (tokens.byAccessToken(access) ?? tokens.byRefreshToken(refresh))?.grant;
}

const PAGES: readonly string[] = [PATHS.authorize, PATHS.qrconnect, PATHS.confirm];

function personAtPage(incoming: IncomingRequest, world: World): EmulatorUser | undefined {
  if (!PAGES.includes(incoming.path)) return undefined;
  return world.users.find(incoming.form['person']) ?? personOf(incoming, world);
}
