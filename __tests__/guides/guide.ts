// A guide's code, taken out of its page and run as it stands there.
import { readFileSync } from 'node:fs';
import type http from 'node:http';
import path from 'node:path';
import express from 'express';
import ts from 'typescript';
import { listen, type Running } from '../support/hosts';

export const GUIDES = path.resolve(__dirname, '../../docs/guides');

export interface Block {
  readonly language: string;
  readonly code: string;
  /** The comment on the line before it, such as `not compiled: it runs in the browser`. */
  readonly mark: string;
}

/** The code blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(path.join(GUIDES, page), 'utf8');
  return [...text.matchAll(/(?:<!-- ([^\n]*?) -->\n+)?^```(\w+)\n(.*?)^```$/gms)].map(
    ([, mark = '', language = '', code = '']) => ({ language, code, mark }),
  );
}

/** The block whose first line names this file. */
export function codeOf(guide: string, file: string): string {
  const found = blocksOf(`${guide}.md`).find(({ code }) => /^\/\/ (\S+)/.exec(code)?.[1] === file);
  if (!found) throw new Error(`docs/guides/${guide}.md has no block that begins with // ${file}`);
  return found.code;
}

interface RunOptions {
  /** What the page leaves to the app: what it declares. */
  readonly given?: Readonly<Record<string, unknown>>;
  /** In the place of words of the page: those that the page says to change, or addresses of the real WeChat. */
  readonly replace?: readonly (readonly [before: string, after: string])[];
  readonly env?: Env | ((url: string) => Env);
}

type Env = Readonly<Record<string, string>>;

export interface RunningGuide extends Running {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Runs a block with the real packages; the app that it sets to listen gets a free port. */
export async function run(
  code: string,
  { given = {}, replace = [], env = {} }: RunOptions = {},
): Promise<RunningGuide> {
  const apps: http.RequestListener[] = [];
  const running = await listen((req, res) => apps[0]?.(req, res));
  const module: { exports: Record<string, unknown> } = { exports: {} };
  const script = compile(replaceAll(code, replace), ['module', 'exports', 'require', ...Object.keys(given)]);
  const application = express.application as { listen: unknown };
  const original = application.listen;
  application.listen = function remember(this: http.RequestListener) {
    apps.push(this);
  };
  const undo = setEnvironment(typeof env === 'function' ? env(running.url) : env);
  try {
    script(module, module.exports, load, ...Object.values(given));
  } finally {
    application.listen = original;
    undo();
  }
  return { ...running, exports: module.exports };
}

export function replaceAll(code: string, replace: NonNullable<RunOptions['replace']>): string {
  return replace.reduce((text, [before, after]) => {
    if (!text.includes(before)) throw new Error(`The block does not say ${before}`);
    return text.replaceAll(before, after);
  }, code);
}

function compile(code: string, names: readonly string[]): (...values: unknown[]) => void {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
    },
  });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code of our own pages
  return new Function(...names, outputText) as (...values: unknown[]) => void;
}

function setEnvironment(env: Env): () => void {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  };
}

function load(name: string): unknown {
  return name.startsWith('express-wechat-auth')
    ? jest.requireActual(name.replace('express-wechat-auth', '../../lib'))
    : jest.requireActual(name);
}
