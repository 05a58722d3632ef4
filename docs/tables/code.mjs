// What the code says about itself: its docstrings, read by the parser of TypeScript, and the values of the build.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** A file of the build, as Node loads it. */
export const load = createRequire(path.join(ROOT, 'dist/index.js'));

/** @typedef {{ name: string, text: string, tags: Record<string, string>, node: ts.Node }} Documented */

/** @param {string} file @returns {ts.SourceFile} */
function parse(file) {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}

/**
 * The first node of a file that has this name.
 *
 * @param {string} file @param {string} name @returns {ts.Node}
 */
function declaration(file, name) {
  /** @type {ts.Node | undefined} */
  let found;
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (found) return;
    if ((ts.isInterfaceDeclaration(node) || ts.isVariableDeclaration(node)) && node.name.getText() === name)
      found = node;
    else ts.forEachChild(node, visit);
  };
  visit(parse(file));
  if (!found) throw new Error(`${file} does not declare ${name}`);
  return found;
}

/**
 * The members of an interface, of an object or of an array of strings, in the order of the source.
 *
 * @param {string} file @param {string} name @returns {Documented[]}
 */
export function membersOf(file, name) {
  const node = declaration(file, name);
  const members = ts.isInterfaceDeclaration(node) ? [...node.members] : entriesOf(node);
  return members.map((member) => {
    const key = ts.isStringLiteral(member) ? member.text : /** @type {any} */ (member).name.getText();
    return { name: key, ...docstringOf(member), node: member };
  });
}

/** @param {ts.Node} variable @returns {ts.Node[]} */
function entriesOf(variable) {
  let value = /** @type {any} */ (variable).initializer;
  while (ts.isAsExpression(value) || ts.isSatisfiesExpression(value)) value = value.expression;
  return [...(ts.isArrayLiteralExpression(value) ? value.elements : value.properties)];
}

/** The docstring before a node: its text on one line, and its tags. @param {ts.Node} node */
function docstringOf(node) {
  const source = node.getSourceFile().text;
  const comments = ts.getLeadingCommentRanges(source, node.getFullStart()) ?? [];
  const comment = comments
    .map(({ pos, end }) => source.slice(pos, end))
    .findLast((each) => each.startsWith('/**'));
  if (comment === undefined) throw new Error(`no docstring: ${node.getText().split('\n')[0]}`);
  const lines = comment.slice(3, -2).replaceAll(/^\s*\*/gm, '');
  const [text = '', ...tags] = lines.split(/(?:^|\s)(?=@(?:default|remedy)\b)/);
  /** @param {string} part */
  const oneLine = (part) => part.replaceAll(/\s+/g, ' ').trim();
  return {
    text: oneLine(text),
    tags: Object.fromEntries(
      tags.map((tag) => [tag.match(/\w+/)?.[0] ?? '', oneLine(tag.replace(/^@\w+/, ''))]),
    ),
  };
}

/** The first sentence of a text. @param {string} text */
export function firstSentence(text) {
  return /^(?:\([^)]*\)|`[^`]*`|[^(`])*?[.](?= |$)/.exec(text)?.[0] ?? text;
}

/** Texts of a union, in the order of the source. @param {ts.Node} member */
export function unionOf(member) {
  const { type } = /** @type {any} */ (member);
  return (ts.isUnionTypeNode(type) ? type.types : [type]).map((each) => each.getText().replaceAll("'", ''));
}
