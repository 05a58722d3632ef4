import type { Callbacks } from '../connect/behaviour';
import { issueWebsiteCode } from '../connect/website/callbacks';
import { QrStatus } from '../world/credentials/qr-logins';
import type { World } from '../world/world';
import { APP_ID, OPTIONAL_USER_ID } from './fields';
import { fields, NotFound, operation, type Services } from './operation';
import { authorize, type PersonOptions } from './person-at-page';

/** The grant behind an authorization code: an app, a user and scopes. */
export interface CodeRequest {
  /** AppID of the app. */
  readonly app: string;
  /** Id of the user. @default the first user */
  readonly user?: string;
  /** The granted scopes, separated by commas. @default snsapi_userinfo, or snsapi_login for a website app */
  readonly scope?: string;
  /** Whether the code comes from the snapshot page, so that its user is virtual. @default false */
  readonly virtual?: boolean;
}

/** What the phone does with a QR code, and as whom. */
export interface QrAction {
  /** The uuid of the QR code, which is in the address that it holds. */
  readonly uuid: string;
  /**
   * `scan` opens the confirm page; `confirm` presses 允许 there, and `cancel` 拒绝. The switch `consent` presses
   * no button here.
   */
  readonly action: 'scan' | 'confirm' | 'cancel';
  /** Id of the user who confirms. @default the first user */
  readonly user?: string;
}

/** The status of a QR code in words. */
export type QrStatusName = 'waiting' | 'scanned' | 'cancelled' | 'expired' | 'confirmed';

const QR_STATUS_NAMES: Readonly<Record<QrStatus, QrStatusName>> = {
  [QrStatus.waiting]: 'waiting',
  [QrStatus.scanned]: 'scanned',
  [QrStatus.denied]: 'cancelled',
  [QrStatus.expired]: 'expired',
  [QrStatus.confirmed]: 'confirmed',
};

const TEXT = { type: 'string', minLength: 1 } as const;
const FLAG = { type: 'boolean' } as const;

export const LOGIN_OPERATIONS = {
  authorize: operation({
    node: 'authorize',
    method: 'POST',
    path: '/_emulator/authorize',
    summary:
      'Does what a person does on the phone: opens the address that the app redirected to, and presses 允许.',
    input: fields(
      {
        url: { ...TEXT, description: 'The address of a login page, to which the app sent the browser.' },
        user: OPTIONAL_USER_ID,
        allow: { ...FLAG, description: 'False if the person presses 拒绝; otherwise true.' },
        fullService: {
          ...FLAG,
          description: 'True if the person presses 使用完整服务 on the snapshot page.',
        },
      },
      ['url'],
    ),
    output: fields(
      {
        location: {
          type: ['string', 'null'],
          description: 'The callback address, or null if WeChat does not redirect.',
        },
        second: {
          type: 'string',
          description: 'The second callback address; only if the switch doubleCallback is on.',
        },
      },
      ['location'],
    ),
    run: ({ url, ...options }: PersonOptions & { readonly url: string }, { world, faults }) =>
      authorize(url, options, world, faults),
    respond: toLocation,
  }),
  issueCode: operation({
    node: 'issueCode',
    method: 'POST',
    path: '/_emulator/codes',
    summary: 'A new authorization code without a login page; for a mini program, the code of wx.login.',
    input: fields(
      {
        app: APP_ID,
        user: OPTIONAL_USER_ID,
        scope: { ...TEXT, description: 'The granted scopes, separated by commas.' },
        virtual: { ...FLAG, description: 'True for a virtual user of the snapshot page.' },
      },
      ['app'],
    ),
    output: fields({ code: { type: 'string' } }),
    run: issueCode,
    respond: (code) => ({ code }),
  }),
  actOnQr: operation({
    node: 'actOnQr',
    method: 'POST',
    path: '/_emulator/qr/{uuid}',
    summary: 'Does what a phone does with a QR code. An expired or confirmed QR code keeps its status.',
    input: fields({ action: { enum: ['scan', 'confirm', 'cancel'] }, user: OPTIONAL_USER_ID }, ['action']),
    output: fields({ status: { enum: Object.values(QR_STATUS_NAMES) } }),
    run: actOnQr,
    respond: (status) => ({ status }),
  }),
};

function toLocation([location, second]: Callbacks): object {
  return { location: location ?? null, ...(second !== undefined && { second }) };
}

function issueCode(request: CodeRequest, { world }: Services): string {
  const app = world.apps.get(request.app);
  const scope = request.scope ?? (app.type === 'website' ? 'snsapi_login' : 'snsapi_userinfo');
  const user = world.users.getOrFirst(request.user);
  return world.codes.issue({ app, user, scopes: scope.split(','), virtual: request.virtual ?? false });
}

function actOnQr({ uuid, action, user: id }: QrAction, { world }: Services): QrStatusName {
  const user = world.users.getOrFirst(id);
  const login = findQr(uuid, world);
  if (action === 'scan') login.scan();
  if (action === 'cancel') login.deny();
  if (action === 'confirm') login.confirm(user, () => issueWebsiteCode(login, user, world));
  return QR_STATUS_NAMES[login.status];
}

function findQr(uuid: string, world: World) {
  const login = world.qrLogins.find(uuid);
  if (login) return login;
  throw new NotFound(
    'There is no QR code with this uuid. Take the uuid of the address that the QR code holds.',
  );
}
