/**
 * How each block of the pages is proved to be right. TypeScript and JavaScript are compiled, nginx
 * configurations pass `nginx -t`, commands.test.ts checks each shell line, JSON is parsed, and Node reads
 * `.env` files. Any other block, and code that is not compiled, needs a row in PROOFS.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { COMPILED, blocksOf, type Block } from '../blocks';
import { ROOT, translationOf } from '../pages';

/** The test that runs the block or compares it, as a path below __tests__; or why there is none. */
type Proof = { readonly test: string } | { readonly exempt: string };

const test = (file: string): Proof => ({ test: file });
const exempt = (reason: string): Proof => ({ exempt: reason });

const LANGUAGES = test('emulator/standing-in/languages.test.ts');
const FRAMEWORKS = test('packed/other-frameworks/other-frameworks.test.ts');
const BROWSER = test('guides/browser.test.ts');
const MIGRATIONS = test('guides/migrations.test.ts');
const CLIENT_CODES = test('guides/client-codes.test.ts');
const SCAN_LOGIN = test('guides/scan-login.browser.test.ts');
const NEXT = test('guides/nextjs.test.ts');

/** By English page, then by the first line of a block. The Chinese page has the same blocks. */
const PROOFS: Readonly<Record<string, Readonly<Record<string, Proof>>>> = {
  'CONTRIBUTING.md': { '.': test('contributing.test.ts') },
  'docs/deployment.md': { 'FROM node:22-slim': exempt('it needs Docker') },
  'docs/doctor.md': { Configuration: test('cli/doctor/docs.test.ts') },
  'docs/emulator/containers.md': {
    'services:': exempt('it needs Docker; emulator/standing-in/containers.test.ts runs the same command'),
    'jobs:': exempt('it needs GitHub; emulator/standing-in/containers.test.ts runs the same command'),
  },
  'docs/emulator/dotnet.md': { '// Program.cs': exempt('it needs .NET') },
  'docs/emulator/go.md': { '// login.go': LANGUAGES },
  'docs/emulator/java.md': { '// Login.java': LANGUAGES },
  'docs/emulator/php.md': { '<?php': LANGUAGES },
  'docs/emulator/python.md': { '# login.py': LANGUAGES },
  'docs/emulator/ruby.md': { '# login.rb': LANGUAGES },
  'docs/emulator/standing-in.md': {
    '127.0.0.1 open.weixin.qq.com': exempt('it changes /etc/hosts'),
  },
  'docs/guides/accounts/bind-wechat.md': {
    'CREATE TABLE wechat_links (': exempt('app.ts keeps the rows in a stand-in'),
  },
  'docs/guides/accounts/own-users-table.md': {
    'CREATE TABLE users (': test('guides/accounts.test.ts'),
    'INSERT INTO users (id, appid, openid, nickname) VALUES (?, ?, ?, ?)': exempt('it needs MySQL'),
    '// db.ts': test('guides/accounts.test.ts'),
  },
  'docs/guides/embedded-qr.md': {
    '<!-- public/sign-in.html -->': BROWSER,
    '// public/sign-in.js': BROWSER,
    '<!-- public/done.html': BROWSER,
    '// public/done.js': BROWSER,
    '// in public/sign-in.js': BROWSER,
  },
  'docs/guides/from-hand-written.md': { '// before.js': MIGRATIONS },
  'docs/guides/from-passport-wechat.md': {
    '// before.js': MIGRATIONS,
    'app.use((req, res, next) => {': exempt('it needs the types of Passport'),
  },
  'docs/guides/from-wechat-oauth.md': {
    '// before.js': MIGRATIONS,
    "-const OAuth = require('wechat-oauth');": MIGRATIONS,
  },
  'docs/guides/mini-programs.md': {
    '// request.js': CLIENT_CODES,
    '// cookies.js': CLIENT_CODES,
    '// orders.js': CLIENT_CODES,
    '<!-- orders.wxml -->': exempt('it needs WeChat'),
  },
  'docs/guides/mobile-apps.md': {
    '// iOS': exempt('it needs Xcode and a phone with WeChat'),
    '// Android': exempt('it needs the Android SDK and a phone with WeChat'),
    '// HarmonyOS': exempt('it needs DevEco Studio and a phone with WeChat'),
  },
  'docs/guides/browsers/frames-and-popups.md': {
    '<a href="/login?returnTo=%2Fme" target="_top">': BROWSER,
    '// public/opener.js': BROWSER,
    '// public/done.js': BROWSER,
  },
  'docs/guides/nextjs.md': {
    '// server.mjs': NEXT,
    '// app/wechat-user.js': NEXT,
    '// app/me/page.jsx': exempt(
      'Next.js is too large for a test: tried by hand with the versions that the page names',
    ),
    '// pages/orders.jsx': NEXT,
  },
  'docs/guides/one-callback-domain.md': {
    'http://localhost:3000/login': test('guides/one-callback-domain.test.ts'),
  },
  'docs/guides/one-person-two-apps.md': {
    'CREATE TABLE accounts (': test('guides/one-person.test.ts'),
    'UPDATE IGNORE accounts SET unionid = ? WHERE unionid IS NULL': exempt('it needs MySQL'),
    '// db.ts': test('guides/one-person.test.ts'),
  },
  'docs/guides/other-frameworks.md': {
    '// koa.mjs': FRAMEWORKS,
    '// fastify.mjs': FRAMEWORKS,
    '// polka.mjs': FRAMEWORKS,
    '// iron-session.mjs': FRAMEWORKS,
    '// socket.io.mjs': FRAMEWORKS,
  },
  'docs/guides/scan-login.md': {
    '<!-- public/sign-in.html -->': SCAN_LOGIN,
    '// public/sign-in.js': SCAN_LOGIN,
    "copy(document.querySelector('#scan').dataset.link);": SCAN_LOGIN,
  },
  'docs/guides/single-page-apps.md': {
    '// api.js': BROWSER,
    '<a href="/login?returnTo=%2F%23%2Forders">': BROWSER,
    '// address-to-sign.js': BROWSER,
    '// log-out.js': BROWSER,
  },
  'docs/observability.md': { '// opentelemetry.mjs': FRAMEWORKS, '// prometheus.mjs': FRAMEWORKS },
  'docs/testing.md': {
    "import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';": exempt(
      'it imports what Jest has as globals',
    ),
  },
};

/** By language: the proof that every block in it has. */
const BY_LANGUAGE: Readonly<Record<string, string>> = {
  nginx: 'nginx -t',
  sh: 'each line',
  json: 'parsed',
  ini: 'read by Node',
};

/** How this block of an English page is proved; undefined if nothing proves it. */
function proofOf(page: string, block: Block): Proof | string | undefined {
  const firstLine = block.code.split('\n', 1)[0] ?? '';
  const rows = Object.entries(PROOFS[page] ?? {});
  const row = rows.find(([start]) => firstLine.startsWith(start));
  if (COMPILED.includes(block.language)) return block.exempt === undefined ? 'compiled' : row?.[1];
  return BY_LANGUAGE[block.language] ?? row?.[1];
}

/** The blocks of an English page and its translation that nothing proves. */
export function unproved(english: string): string[] {
  const chinese = translationOf(english);
  const pages = existsSync(path.join(ROOT, chinese)) ? [english, chinese] : [english];
  const blocks = blocksOf(english);
  return pages.flatMap((page) =>
    blocksOf(page).flatMap((block, index) => {
      const original = blocks[index];
      const isProved = original && proofOf(english, { ...original, exempt: block.exempt }) !== undefined;
      return isProved ? [] : [`${page}:${block.line} ${block.language}`];
    }),
  );
}

/** Rows that are not about a block, and tests that do not exist or do not name the page. */
export function wrongRows(): string[] {
  return Object.entries(PROOFS).flatMap(([page, rows]) => {
    const blocks = blocksOf(page);
    return Object.entries(rows).flatMap(([start, proof]) => {
      const isUsed = blocks.some((block) => block.code.startsWith(start) && proofOf(page, block) === proof);
      return [
        ...(isUsed ? [] : [`${page} has no block that needs the row ${start}`]),
        ...('exempt' in proof || namesPage(proof.test, page) ? [] : [`${proof.test} does not name ${page}`]),
      ];
    });
  });
}

/**
 * Whether a test, or the file beside it that holds its samples, names a page. A single word, such as `go`, may mean
 * something else: then only the page's file counts, or the `page` of a row.
 */
export function namesPage(file: string, page: string): boolean {
  const at = path.join(ROOT, '__tests__', file);
  const name = path.basename(page, '.md');
  const asPage = name.includes('-')
    ? new RegExp(`['"\`/]${name}(?:\\.md)?['"\`]`)
    : new RegExp(`['"\`/]${name}\\.md\\b|\\bpage: '${name}'`);
  const texts = [at, at.replace(/[^/]+$/, 'apps.ts')].filter((each) => existsSync(each));
  return texts.some((each) => asPage.test(readFileSync(each, 'utf8')));
}
