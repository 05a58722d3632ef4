// Writes what the pages repeat from the code: the rows of options, errors, warnings and switches, and the remedies.
// `npm run docs:tables` writes the pages; with --check, nothing is written, and a page that differs is a failure. An
// argument names another folder with docs/ in it.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import prettier from 'prettier';
import { firstSentence, load, membersOf, ROOT, unionOf } from './code.mjs';
import { wrap, writeParagraph, writeTable } from './markdown.mjs';

/** @typedef {'en' | 'zh'} Language */
/** @typedef {(text: string, language: Language) => string} Edit */

/** @type {Readonly<Record<string, Edit>>} */
const PAGES = {
  'options.md': (text, language) => writeTable(text, 'options', optionRows(language)),
  'errors.md': (text, language) =>
    errorKinds().reduce(
      (page, kind) => errorSection(page, kind, language),
      writeTable(
        text,
        'errors',
        errorKinds().map((kind) => errorRow(kind, language)),
      ),
    ),
  'warnings.md': (text, language) =>
    writeTable(
      text,
      'warnings',
      membersOf('lib/warnings.ts', 'WARNING_CODES').map((warning) => [
        `\`${warning.name}\``,
        english(withoutFullStop(warning.text), language),
        english(withoutFullStop(warning.tags.remedy ?? ''), language),
      ]),
    ),
  'emulator.md': (text, language) => writeTable(text, 'switches', switchRows(language)),
};

/**
 * A text of the code, which is in English. `undefined` for a Chinese page, which keeps its own text.
 * @param {string} text @param {Language} language @returns {string | undefined}
 */
function english(text, language) {
  return language === 'en' ? text : undefined;
}

/** @param {string} text */
function withoutFullStop(text) {
  return text.replace(/[.]$/, '');
}

// Options

/** Where a page explains an option further. */
const MORE = {
  appId: 'wechat-console.md',
  website: 'wechat-console.md',
  miniProgram: 'guides/mini-programs.md',
  mobileApp: 'guides/mobile-apps.md',
  component: 'guides/accounts/third-party-platforms.md',
  account: 'guides/accounts/many-accounts.md',
  baseURL: 'deployment.md',
  relay: 'guides/one-callback-domain.md',
  flow: {
    en: 'guides/troubleshooting.md#which-login-a-browser-gets',
    zh: 'guides/troubleshooting.md#哪种浏览器用哪种登录',
  },
  scanLogin: 'guides/scan-login.md',
  identity: 'guides/one-person-two-apps.md',
  onLogin: { en: '#hooks', zh: '#钩子' },
  onError: { en: '#hooks', zh: '#钩子' },
  tokenStore: 'scaling.md',
  endpoints: 'emulator.md',
  http: 'deployment.md',
  verificationFiles: 'wechat-console.md',
};

/** @param {Language} language */
function optionRows(language) {
  return membersOf('lib/middleware/options/options.ts', 'AuthOptions').map(({ name, text, tags }) => {
    const more = MORE[name];
    const link = typeof more === 'object' ? more[language] : more;
    return [
      `\`${name}\``,
      defaultCell(tags.default, language),
      english(withoutFullStop(firstSentence(text)), language),
      link === undefined ? '–' : `[${language === 'en' ? 'more' : '详见'}](${link})`,
    ];
  });
}

/** @param {string | undefined} value @param {Language} language */
function defaultCell(value, language) {
  if (value === undefined) return '–';
  const variables = [...value.matchAll(/process\.env\.(\w+)/g)].map(([, name]) => `\`${name}\``);
  if (variables.length > 0) return `env ${variables.join(language === 'en' ? ', ' : '、')}`;
  return /^['\d]|^(?:true|false|new )|^\{/.test(value) ? `\`${value}\`` : english(value, language);
}

// Errors

function errorKinds() {
  return membersOf('lib/errors.ts', 'KINDS');
}

const { kindOfErrcode, WechatAuthError } = load('./errors.js');
const { WHAT_HAPPENED } = load('./middleware/pages/what-happened.js');

/** Kind → the errcodes that mean it, in the range of WeChat's errcodes. @type {Record<string, number[]>} */
const ERRCODES = {};
for (const code of [-1, ...Array.from({ length: 60_000 }, (_, index) => 40_000 + index)])
  (ERRCODES[kindOfErrcode(code)] ??= []).push(code);

/** @param {string} kind @returns {number[]} */
function errcodesOf(kind) {
  return kind === 'unknown' ? [] : (ERRCODES[kind] ?? []);
}

/** @param {{ name: string, text: string }} kind @param {Language} language */
function errorRow({ name, text }, language) {
  const { status } = new WechatAuthError(name, '');
  return [
    `[\`${name}\`](#${name})`,
    language === 'en' ? withoutFullStop(text) : WHAT_HAPPENED[name],
    errcodesOf(name).join(', ') || '–',
    String(status),
  ];
}

/** @param {string} page @param {{ name: string }} kind @param {Language} language */
function errorSection(page, { name }, language) {
  const { status, retryable, remedy } = new WechatAuthError(name, '');
  const errcodes = errcodesOf(name).join(', ');
  // A refusal of `onLogin` has the status of the error that it threw.
  const other =
    name === 'login_refused'
      ? {
          en: ', or the `status` of the error that `onLogin` threw',
          zh: '，或 `onLogin` 所抛错误的 `status`',
        }[language]
      : '';
  const facts =
    language === 'en'
      ? `HTTP ${status}${other}${retryable ? ', worth a retry' : ''}${errcodes && `, errcode ${errcodes}`}.`
      : `HTTP ${status}${other}${retryable ? '，可重试' : ''}${errcodes && `，errcode ${errcodes}`}。`;
  const withFacts = writeParagraph(page, name, /^HTTP \d/, facts);
  const start = { en: '**Remedy.** ', zh: '**处理**：' }[language];
  const text = start + remedy[language];
  return writeParagraph(
    withFacts,
    name,
    /^\*\*(?:Remedy\.\*\*|处理\*\*：)/,
    language === 'en' ? wrap(text) : text,
  );
}

// Switches of the emulator

/** @param {Language} language */
function switchRows(language) {
  const { DEFAULT_SWITCHES } = load('./emulator/world/switches.js');
  return membersOf('lib/emulator/world/switches.ts', 'EmulatorSwitches').map(({ name, text, node }) => {
    const first = String(DEFAULT_SWITCHES[name]);
    const values = unionOf(node).flatMap((value) => (value === 'boolean' ? ['true', 'false'] : value));
    const others = values.filter((value) => value !== first && value !== 'number');
    return [
      `\`${name}\``,
      [first, ...others].map((value) => `\`${value}\``).join(language === 'en' ? ', ' : '、'),
      english(withoutFullStop(text), language),
    ];
  });
}

// All pages

/** @param {boolean} isCheck @param {string} root the folder that holds docs/ */
async function main(isCheck, root) {
  const config = await prettier.resolveConfig(path.join(ROOT, 'docs/README.md'));
  for (const [name, edit] of Object.entries(PAGES)) {
    for (const [folder, language] of /** @type {const} */ ([
      ['docs', 'en'],
      ['docs/zh-CN', 'zh'],
    ])) {
      const file = path.join(root, folder, name);
      const old = readFileSync(file, 'utf8');
      const text = await prettier.format(edit(old, language), { ...config, parser: 'markdown' });
      if (text === old) continue;
      if (!isCheck) writeFileSync(file, text);
      else {
        console.error(`${folder}/${name} differs from the code: run npm run docs:tables`);
        process.exitCode = 1;
      }
    }
  }
}

const [folder] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
await main(process.argv.includes('--check'), folder ?? ROOT);
