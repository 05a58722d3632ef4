// Runs the code of the guides.
import type http from 'node:http';
import express from 'express';
import { asFunction } from '../docs/as-function';
import { blocksOf, fileOf, type Block } from '../docs/blocks';
import { listen, type Running } from '../support/hosts';

export function blocksOfGuide(guide: string): Block[] {
  return blocksOf(`docs/guides/${guide}.md`);
}

/** The block of a guide whose first line names this file, and `use` if there are several of the name. */
export function codeOf(guide: string, file: string, use = ''): string {
  return codeOfPage(`docs/guides/${guide}.md`, file, use);
}

/** The block of a page, given by its path, whose first line names this file. */
export function codeOfPage(page: string, file: string, use = ''): string {
  const found = blocksOf(page).find(
    (block) => fileOf(block) === file && block.code.split('\n', 1)[0]?.includes(use),
  );
  if (!found) throw new Error(`${page} has no block that starts with // ${file}`);
  return found.code;
}

/** The handler of the guide of the scan login that sends PCs to a page of the app. */
export function ownPageHandler(): string {
  const code = codeOf('scan-login', 'server-with-own-page.ts');
  const handler = /^app\.get\('\/login'.*?^\}\);\n/ms.exec(code)?.[0];
  if (handler === undefined) throw new Error('the guide has no handler for /login');
  return handler;
}

interface RunOptions {
  /** The values that the page leaves to the app. */
  readonly given?: Readonly<Record<string, unknown>>;
  /** What the block imports: other files of the guide, and stand-ins for packages that are not dependencies. */
  readonly packages?: Readonly<Record<string, unknown>>;
  /** Text of the page to replace: values that the reader must change, or addresses of the real WeChat. */
  readonly replace?: readonly (readonly [before: string, after: string])[];
  readonly env?: Env | ((url: string) => Env);
}

type Env = Readonly<Record<string, string>>;

export interface RunningGuide extends Running {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Runs a block with the real packages; the app that it starts listens on a free port. */
export async function run(
  code: string,
  { given = {}, packages = {}, replace = [], env = {} }: RunOptions = {},
): Promise<RunningGuide> {
  const apps: http.RequestListener[] = [];
  const running = await listen((req, res) => apps[0]?.(req, res));
  const module: { exports: Record<string, unknown> } = { exports: {} };
  const parameters = ['module', 'exports', 'require', ...Object.keys(given)];
  const script = asFunction(replaceAll(code, replace), parameters);
  const application = express.application as { listen: unknown };
  const original = application.listen;
  application.listen = function listenLater(this: http.RequestListener) {
    apps.push(this);
  };
  const undo = setEnvironment(typeof env === 'function' ? env(running.url) : env);
  try {
    script(module, module.exports, (name: string) => packages[name] ?? load(name), ...Object.values(given));
  } catch (error) {
    await running.close();
    throw error;
  } finally {
    application.listen = original;
    undo();
  }
  return { ...running, exports: module.exports };
}

export function replaceAll(code: string, replace: NonNullable<RunOptions['replace']>): string {
  return replace.reduce((text, [before, after]) => {
    if (!text.includes(before)) throw new Error(`the block does not contain ${before}`);
    return text.replaceAll(before, after);
  }, code);
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
