// Halves the indentation in dist/: TypeScript always writes four spaces, which are a tenth of the code.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));

for (const name of readdirSync(DIST, { recursive: true, encoding: 'utf8' })) {
  if (!/\.(?:js|d\.ts)$/.test(name)) continue;
  const file = path.join(DIST, name);
  writeFileSync(file, narrowed(readFileSync(file, 'utf8')));
}

/** @param {string} code */
function narrowed(code) {
  const source = ts.createSourceFile('code.ts', code, ts.ScriptTarget.Latest);
  const templates = templatesIn(source);
  return code.replace(/^(?: {4})+/gm, (spaces, /** @type {number} */ at) =>
    // The spaces of a template literal are its content.
    templates.some(({ start, end }) => start < at && at < end) ? spaces : spaces.slice(spaces.length / 2),
  );
}

/**
 * The parts of all template literals.
 * @param {ts.SourceFile} source
 */
function templatesIn(source) {
  /** @type {{ start: number, end: number }[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isTemplateLiteralToken(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      found.push({ start: node.getStart(source), end: node.end });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
