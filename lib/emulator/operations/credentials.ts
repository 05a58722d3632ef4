import { KEY_PATTERN, type JsonSchema } from '../schemas/json-schema';
import { profileOf } from '../sns/profile';
import { grantIdentity } from '../world/credentials/grants';
import type { TokenPair } from '../world/credentials/tokens';
import { encryptUser, type EncryptedUser } from '../world/people/encrypted-data';
import { identityOf } from '../world/people/identity';
import type { World } from '../world/world';
import { APP_ID, OPTIONAL_USER_ID, USER_ID } from './fields';
import { fields, NOTHING, operation, type Services } from './operation';

/** An app and one of its users. */
export interface UserOfApp {
  /** AppID of the app. */
  readonly app: string;
  /** Id of the user. */
  readonly user: string;
}

/** The mini program, the user and the session key for an encrypted profile. */
export interface EncryptRequest {
  /** AppID of the mini program. */
  readonly app: string;
  /** Id of the user. @default the first user */
  readonly user?: string;
  /** The `session_key` of `/sns/jscode2session`: 16 bytes, base64. */
  readonly sessionKey: string;
}

const TEXT = { type: 'string' } as const;

export const CREDENTIAL_OPERATIONS = {
  expireTokens: operation({
    node: 'expireTokens',
    method: 'POST',
    path: '/_emulator/tokens/expire',
    summary: 'Makes the access tokens of a user at an app expire now: requests with them fail with 42001.',
    input: userOfAppOr('accessToken'),
    output: NOTHING,
    run: (request: UserOfApp | { readonly accessToken: string }, { world }) => {
      const tokens = 'accessToken' in request ? [request] : tokensOf(request, world);
      for (const { accessToken } of tokens) world.tokens.expire(accessToken);
    },
    respond: () => ({}),
  }),
  revokeTokens: operation({
    node: 'revokeTokens',
    method: 'POST',
    path: '/_emulator/tokens/revoke',
    summary: 'Revokes the refresh tokens of a user at an app: refreshing with them fails with 40030.',
    input: userOfAppOr('refreshToken'),
    output: NOTHING,
    run: (request: UserOfApp | { readonly refreshToken: string }, { world }) => {
      const tokens = 'refreshToken' in request ? [request] : tokensOf(request, world);
      for (const { refreshToken } of tokens) world.tokens.revoke(refreshToken);
    },
    respond: () => ({}),
  }),
  changePassword: operation({
    node: 'changePassword',
    method: 'POST',
    path: '/_emulator/tokens/change-password',
    summary: 'Makes all tokens of a user invalid: refreshing fails with 42007, other requests with 40001.',
    input: fields({ user: USER_ID }),
    output: NOTHING,
    run: ({ user: id }: { readonly user: string }, { world }) => {
      const user = world.users.get(id);
      for (const pair of world.tokens.filter((each) => each.grant.user === user)) pair.passwordChanged = true;
    },
    respond: () => ({}),
  }),
  identity: operation({
    node: 'openid',
    method: 'POST',
    path: '/_emulator/identity',
    summary: 'The openid of a user at an app, and the unionid, or null if there is none.',
    input: fields({ app: APP_ID, user: USER_ID }),
    output: fields({ openid: TEXT, unionid: { type: ['string', 'null'] } }),
    run: ({ app, user }: UserOfApp, { world }) => {
      const { openid, unionid } = identityOf(world.users.get(user), world.apps.get(app));
      return { openid, unionid: world.switches.unionid ? unionid : undefined };
    },
    respond: ({ openid, unionid = null }) => ({ openid, unionid }),
  }),
  encryptUser: operation({
    node: 'encryptUser',
    method: 'POST',
    path: '/_emulator/encrypted-user',
    summary: 'The encrypted profile that wx.getUserInfo gives a mini program.',
    input: fields(
      {
        app: APP_ID,
        user: OPTIONAL_USER_ID,
        sessionKey: {
          type: 'string',
          pattern: KEY_PATTERN.source,
          format: 'password',
          description: 'The session_key of /sns/jscode2session: 16 bytes, base64.',
        },
      },
      ['app', 'sessionKey'],
    ),
    output: fields({ encryptedData: TEXT, iv: TEXT, rawData: TEXT, signature: TEXT }),
    run: encryptProfile,
  }),
};

/** The input is an app and a user, or one token. */
function userOfAppOr(token: string): JsonSchema {
  const one = { ...TEXT, minLength: 1, description: 'One token, in place of app and user.' };
  return { type: 'object', anyOf: [fields({ app: APP_ID, user: USER_ID }), fields({ [token]: one })] };
}

function tokensOf({ app: appId, user: id }: UserOfApp, world: World): TokenPair[] {
  const [app, user] = [world.apps.get(appId), world.users.get(id)];
  return world.tokens.filter(({ grant }) => grant.app === app && grant.user === user);
}

function encryptProfile(
  { app: appId, user: id, sessionKey }: EncryptRequest,
  { world }: Services,
): EncryptedUser {
  const grant = { app: world.apps.get(appId), user: world.users.getOrFirst(id), scopes: [], virtual: false };
  const { nickname, headimgurl, unionid } = profileOf(grant, world, world.publicURL);
  const raw = {
    nickName: nickname,
    gender: 0,
    language: '',
    city: '',
    province: '',
    country: '',
    avatarUrl: headimgurl,
  };
  const now = world.clock.now();
  const user = { openId: grantIdentity(grant).openid, ...raw, unionId: unionid };
  return encryptUser(user, raw, { sessionKey, appId, now });
}
