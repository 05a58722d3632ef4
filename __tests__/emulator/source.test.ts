// Rules of the source: the emulator shares no code with the library, and its imports only go down.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../../lib/emulator');

/** The steps, from top to bottom. A file may import files of its own folder and of the steps below. */
const STEPS = [
  ['index.ts'],
  ['emulator.ts'],
  ['controls.ts', 'server.ts'],
  ['serve-request.ts', 'listen'],
  ['routes.ts', 'fault-subject.ts'],
  ['home', 'control'],
  ['operations'],
  ['connect'],
  ['pages', 'sns', 'faults', 'assets', 'tls'],
  ['http'],
  ['schemas'],
  ['world'],
];

function stepOf(file: string): number {
  return STEPS.findIndex((step) => step.includes(file.split('/')[0] ?? ''));
}

const FILES = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.split(path.sep).join('/'));

const IMPORTS = new Map(
  FILES.map((file) => {
    const source = readFileSync(path.join(ROOT, file), 'utf8');
    return [file, [...source.matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? '')] as const;
  }),
);

function localImports(file: string): string[] {
  return (IMPORTS.get(file) ?? [])
    .filter((name) => name.startsWith('.'))
    .map((name) => `${path.posix.join(path.posix.dirname(file), name)}.ts`);
}

describe('lib/emulator', () => {
  it('imports only its own files, Node and uqr', () => {
    const outside = [...IMPORTS.values()].flat().filter((name) => !name.startsWith('.'));
    expect([...new Set(outside)].filter((name) => !name.startsWith('node:'))).toEqual(['uqr']);
    for (const file of FILES) for (const target of localImports(file)) expect(FILES).toContain(target);
  });

  it('has no file outside the steps', () => {
    expect(FILES.filter((file) => stepOf(file) < 0)).toEqual([]);
  });

  it('imports downwards', () => {
    const upward = FILES.flatMap((file) =>
      localImports(file)
        .filter((target) => {
          const sameFolder = target.split('/')[0] === file.split('/')[0];
          return sameFolder ? false : stepOf(target) <= stepOf(file);
        })
        .map((target) => `${file} → ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it('has the order that emulator.ts describes', () => {
    const [, comment = ''] =
      /Imports in this folder only go down:\n((?:\/\/.*\n)+)/.exec(
        readFileSync(path.join(ROOT, 'emulator.ts'), 'utf8'),
      ) ?? [];
    const described = comment
      .replaceAll(/[\s/]+/g, ' ')
      .split('→')
      .map((step) => step.split(',').map((name) => name.trim()));
    expect(described).toEqual(STEPS.map((step) => step.map((name) => name.replace('.ts', ''))));
  });

  it('keeps the median file under 80 lines, and every file under 160', () => {
    const lines = FILES.map((file) => readFileSync(path.join(ROOT, file), 'utf8').split('\n').length).sort(
      (a, b) => a - b,
    );
    expect(lines[Math.floor(lines.length / 2)]).toBeLessThan(80);
    expect(lines.at(-1)).toBeLessThan(160);
  });
});
