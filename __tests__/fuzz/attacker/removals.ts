/**
 * The rules that stop the attacks, and how to take each of them away: an edit of the built package. Then an
 * attack must succeed, at one process and at two.
 */
export interface Edit {
  /** A file of `dist/`. */
  readonly file: string;
  /** A text that the file contains once. */
  readonly code: string;
  readonly instead: string;
}

export interface Removal {
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** Matches the error of the attack that is found. */
  readonly finds: RegExp;
  /** Set if only this session middleware needs the rule, such as a rule that protects session ids. */
  readonly onlyWith?: 'express-session';
}

const RESULTS = 'middleware/state/callback-results.js';
const PENDING = 'middleware/state/pending-logins.js';
const SCAN_RESULTS = 'middleware/scan/tickets/results.js';

export const REMOVALS: readonly Removal[] = [
  {
    rule: 'a callback shares the result of another one only if it has the same code',
    edits: [
      {
        file: RESULTS,
        code: 'const key = (0, hash_1.hash)([state, code]);',
        instead: 'const key = (0, hash_1.hash)([state]);',
      },
    ],
    finds: /logged in 小明|logged in as the victim|own code logged in/,
  },
  {
    rule: 'the first user whose code is exchanged owns the state',
    edits: [
      { file: RESULTS, code: 'if (known && known.openid !== openid)', instead: 'if (false)' },
      {
        file: RESULTS,
        code: 'owner.openid === openid ? owner.login : refuseOtherUser()',
        instead: 'owner.login',
      },
    ],
    finds: /logged in 小明|logged in as the victim|own code logged in/,
  },
  {
    rule: 'a login that was pending before a login finishes only as the same user',
    edits: [
      {
        file: 'middleware/login/current-login.js',
        code: 'if (isBound && !(before && isSamePerson(before, person)))',
        instead: 'if (false)',
      },
    ],
    finds: /account was swapped/,
  },
  {
    rule: 'only the session that started a scan login collects its result',
    edits: [
      {
        file: PENDING,
        code: 'function addPending(session, key, state, login, lifetime) {',
        instead: `function addPending(session, key, state, login, lifetime) {
          if (isScan(login)) (addPending.scanLogins ??= new Map()).set(state, login);`,
      },
      {
        file: PENDING,
        code: 'function scanLoginsIn(session, key) {',
        instead: `function scanLoginsIn(session, key) {
          return [...(addPending.scanLogins ?? [])];`,
      },
    ],
    finds: /logged in as the victim|who did not confirm|account was swapped/,
  },
  {
    rule: 'the session of the PC gets a new id when the code is shown',
    edits: [{ file: 'middleware/login/login.js', code: 'await (0, session_1.renewId)(req);', instead: ';' }],
    finds: /logged in as the victim/,
    onlyWith: 'express-session',
  },
  {
    rule: 'a scan login is confirmed by a form of its own page only',
    edits: [
      {
        file: 'middleware/scan/same-origin.js',
        code: 'const { req } = context;',
        instead: 'const { req } = context; if (req.method) return true;',
      },
    ],
    finds: /logged in as the victim/,
  },
  {
    rule: 'a scan login needs a tap',
    edits: [
      {
        file: 'middleware/scan/phone.js',
        code: 'return;\n    sendQuestion(context, ticket, id);\n}',
        instead: 'return;\n    await startLoginOnPhone(context, ticket);\n}',
      },
    ],
    finds: /logged in as the victim/,
  },
  {
    rule: 'the result of a scan login is collected once',
    edits: [
      {
        file: SCAN_RESULTS,
        code: "await this.#records.end(name, 'collected');\n                await this.drop(name);",
        instead: '',
      },
    ],
    finds: /collected twice/,
  },
  {
    rule: 'a logout ends the logins that are in progress',
    edits: [
      {
        file: RESULTS,
        code: 'async isLoggedOut(state, root) {',
        instead: 'async isLoggedOut(state, root) { return false;',
      },
      {
        file: RESULTS,
        code: 'isLoggedOutHere(statesOrRoots) {',
        instead: 'isLoggedOutHere(statesOrRoots) { return false;',
      },
    ],
    finds: /after the logout/,
  },
];
