import { badInput } from '../bad-input';
import { shownValue } from '../printable';
import { assertUnique } from '../unique';

/** A person with a WeChat account. */
export interface EmulatorUser {
  /** The emulator's own id. It determines the person's openids and unionids. */
  readonly id: string;
  /** The name that the profile shows. It is sent unchanged, control characters included. */
  readonly nickname: string;
  /**
   * Address of the profile picture; `''` for none.
   *
   * @default a picture that the emulator draws and serves
   */
  readonly headimgurl?: string;
  /** Whether the person follows every official account: `snsapi_userinfo` is then silent. @default false */
  readonly follower?: boolean;
  /** Whether the person sees the snapshot page (网页快照页) before the consent page. @default false */
  readonly snapshot?: boolean;
  /**
   * Whether the WeChat account was closed: the nickname is then 用户已经注销, and there is no picture.
   *
   * @default false
   */
  readonly deregistered?: boolean;
  /** Whether WeChat considers the account high risk: jscode2session then returns 40226. @default false */
  readonly risky?: boolean;
  /**
   * The field `privilege` of the profile, such as `['chinaunicom']`.
   *
   * @default []
   */
  readonly privilege?: readonly string[];
}

/** The people of one emulator. */
export class UserRegistry {
  readonly #configured: readonly EmulatorUser[];
  #all: readonly EmulatorUser[];
  /** The person who logs in if a test or a browser names nobody. */
  readonly first: EmulatorUser;

  constructor(configured: readonly EmulatorUser[] = PRESETS) {
    const [first] = configured;
    if (!first)
      throw badInput(
        new Error('users is empty. Give at least one user, or leave the option out for the preset ones.'),
      );
    assertUnique('users', 'id', configured, (user) => user.id);
    this.#configured = configured;
    this.#all = configured;
    this.first = first;
  }

  get all(): readonly EmulatorUser[] {
    return this.#all;
  }

  /** @throws Error if there is a user with this id already. */
  add(user: EmulatorUser): void {
    const all = [...this.#all, user];
    assertUnique('users', 'id', all, ({ id }) => id);
    this.#all = all;
  }

  /** Removes the users that were added. */
  reset(): void {
    this.#all = this.#configured;
  }

  find(id: string | undefined): EmulatorUser | undefined {
    return this.all.find((user) => user.id === id);
  }

  /** The user with this id, or the first user if no id is given. */
  getOrFirst(id: string | undefined): EmulatorUser {
    return id === undefined ? this.first : this.get(id);
  }

  /** @throws Error that names the known users if there is none with this id. */
  get(id: string): EmulatorUser {
    const user = this.find(id);
    if (user) return user;
    const known = this.all.map((each) => each.id).join(', ');
    throw badInput(new Error(`The emulator has no user ${shownValue(id)}. Its users are ${known}.`));
  }
}

const PRESETS: readonly EmulatorUser[] = [
  { id: 'ming', nickname: '小明' },
  { id: 'follower', nickname: '小红', follower: true },
  { id: 'faceless', nickname: '无头像', headimgurl: '' },
  // WeChat sends control characters unescaped, which a strict JSON parser refuses.
  { id: 'dirty', nickname: '脏\u0014昵\b称\u0007\n\u007f' },
  { id: 'emoji', nickname: '👩‍👩‍👧‍👦 Emoji 🎉' },
  { id: 'snapshot', nickname: '快照用户', snapshot: true },
  { id: 'gone', nickname: '老王', deregistered: true },
];
