// Measures the CPU time that loading each package takes, and the disk space of its installation.
//
//   npm run bench -- footprint [--rounds 15]
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, quantile } from './parts/figures.mjs';
import { mb, table } from './parts/table.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SETUP =
  "require('express-wechat-auth').wechatAuth({ appId: 'wx0123456789abcdef', appSecret: '0123456789abcdef0123456789abcdef', baseURL: 'https://h5.example.com' })";
const ROWS = [
  ['axios', "require('axios')", ['axios']],
  ['express-wechat-auth', "require('express-wechat-auth')", ['.']],
  ['express-wechat-auth, wechatAuth() called', SETUP, ['.']],
  ['wechat-oauth', "require('wechat-oauth')", ['wechat-oauth']],
  [
    'passport, passport-wechat',
    "require('passport'); require('passport-wechat')",
    ['passport', 'passport-wechat'],
  ],
  ['grant', "require('grant')", ['grant']],
];

export function benchFootprint({ rounds = 15 } = {}) {
  const times = ROWS.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [at, [, code]] of ROWS.entries()) times[at].push(msToLoad(code));
  const [axios] = times;
  return table(
    ['', 'CPU to load', 'over axios', 'spread', 'packages', 'on disk'],
    ROWS.map(([name, , roots], at) => {
      const packages = installed(roots);
      const ratios = times[at].map((ms, round) => ms / axios[round]);
      return [
        name,
        `${median(times[at]).toFixed(0)} ms`,
        (median(times[at]) / median(axios)).toFixed(2),
        `${quantile(ratios, 0.1).toFixed(2)} – ${quantile(ratios, 0.9).toFixed(2)}`,
        String(packages.length),
        mb(packages.reduce((sum, folder) => sum + sizeOf(folder), 0)),
      ];
    }),
  );
}

function msToLoad(code) {
  const script = `const before = process.cpuUsage(); ${code}; const { user, system } = process.cpuUsage(before); console.log((user + system) / 1_000);`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${code} failed: ${stderr}`);
  return Number(stdout);
}

/** The folders of these packages and of all their dependencies. */
function installed(roots) {
  const found = new Set();
  const add = (folder) => {
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) add(folderOf(name, folder));
  };
  for (const name of roots) add(name === '.' ? ROOT : folderOf(name, ROOT));
  return [...found];
}

function folderOf(name, from) {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name);
    if (statSync(candidate, { throwIfNoEntry: false })) return candidate;
    if (folder === path.dirname(folder)) throw new Error(`${name}, which ${from} needs, is not installed.`);
  }
}

/** In bytes. Of this package, only the published files count. */
function sizeOf(folder) {
  if (folder === ROOT) return publishedSize();
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !path.relative(folder, file).split(path.sep).includes('node_modules'))
    .reduce((sum, file) => sum + statSync(file).size, 0);
}

function publishedSize() {
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const [{ unpackedSize }] = JSON.parse(stdout);
  return unpackedSize;
}
