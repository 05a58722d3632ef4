import { assertUnique } from '../unique';

/** A person with a WeChat account. */
export interface EmulatorUser {
  /** Of the emulator's own: openid and unionid are derived from it. */
  readonly id: string;
  /** Goes out as it stands here, control characters included. */
  readonly nickname: string;
  /** Absent: the emulator draws one and serves it. `''`: the person has no picture. */
  readonly headimgurl?: string;
  /** Follows every official account: `snsapi_userinfo` is silent, as from the account's own chat or menu. */
  readonly follower?: boolean;
  /** Is shown the snapshot page (网页快照页) where others see the consent page. */
  readonly snapshot?: boolean;
  /** Closed the WeChat account: the nickname reads 用户已经注销, the picture is gone. */
  readonly deregistered?: boolean;
  /** A high-risk account: jscode2session answers 40226. */
  readonly risky?: boolean;
  /**
   * For `privilege` of the profile, such as `['chinaunicom']`.
   *
   * @default []
   */
  readonly privilege?: readonly string[];
}

const PRESETS: readonly EmulatorUser[] = [
  { id: 'ming', nickname: '小明' },
  { id: 'follower', nickname: '小红', follower: true },
  { id: 'faceless', nickname: '无头像', headimgurl: '' },
  // Control characters go out raw, as WeChat sends them: a strict JSON parser refuses the profile.
  { id: 'dirty', nickname: '脏\u0014昵\b称\u0007\n\u007f' },
  { id: 'emoji', nickname: '👩‍👩‍👧‍👦 Emoji 🎉' },
  { id: 'snapshot', nickname: '快照用户', snapshot: true },
  { id: 'gone', nickname: '曾经在', deregistered: true },
];

export class UserRegistry {
  readonly all: readonly EmulatorUser[];
  /** Who acts where nobody is named. */
  readonly first: EmulatorUser;

  constructor(configured: readonly EmulatorUser[] = PRESETS) {
    const [first] = configured;
    if (!first) throw new Error('The emulator needs at least one user; leave `users` out for the presets');
    assertUnique('users', configured, (user) => user.id);
    this.all = configured;
    this.first = first;
  }

  find(id: string | undefined): EmulatorUser | undefined {
    return this.all.find((user) => user.id === id);
  }

  get(id: string): EmulatorUser {
    const user = this.find(id);
    if (user) return user;
    const known = this.all.map((each) => each.id).join(', ');
    throw new Error(`The emulator has no user ${JSON.stringify(id)}; it knows ${known}`);
  }
}
