// Deletes those declarations in dist/ that no public type needs, such as all of the command: nothing can
// import them, and they would be a seventh of what npm installs.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));

/** The entries of package.json: everything that an app can import begins at one of them. */
const entries = ['index.d.ts', 'emulator/index.d.ts'].map((entry) => path.join(DIST, entry));

const declarations = readdirSync(DIST, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.d.ts'))
  .map((name) => path.join(DIST, name));

const needed = new Set(entries);
// The set grows while it is read: a loop over a set also visits what is added on the way.
for (const file of needed) {
  for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles) {
    if (!fileName.startsWith('.')) continue;
    const target = path.join(path.dirname(file), fileName);
    const found = [`${target}.d.ts`, path.join(target, 'index.d.ts')].find((each) =>
      declarations.includes(each),
    );
    if (!found) throw new Error(`${file} imports ${fileName}, which has no declaration`);
    needed.add(found);
  }
}

for (const file of declarations) if (!needed.has(file)) rmSync(file);
