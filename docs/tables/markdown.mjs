// Tables in the pages, between `<!-- table: name -->` and `<!-- end of table -->`.

/** @typedef {string | undefined} Cell undefined: the page itself has the text, in its own language */

/**
 * Rewrites a table. The cells that the code does not know stay as they are, found by the first cell of their row.
 *
 * @param {string} text the page
 * @param {string} name
 * @param {readonly (readonly Cell[])[]} rows
 */
export function writeTable(text, name, rows) {
  const pattern = new RegExp(`(<!-- table: ${name} -->\n\n)([\\s\\S]*?)(\n\n<!-- end of table -->)`);
  const found = pattern.exec(text);
  if (!found) throw new Error(`the page has no table ${name}`);
  const [header = [], , ...old] = (found[2] ?? '').split('\n').map(cellsOf);
  const known = new Map(old.map((cells) => [cells[0], cells]));
  const written = rows.map(([key = '', ...cells]) => [
    key,
    ...cells.map(
      (cell, index) => escapePipes(cell ?? '') || known.get(key)?.[index + 1] || missing(name, key),
    ),
  ]);
  const lines = [header, header.map(() => '---'), ...written].map((cells) => `| ${cells.join(' | ')} |`);
  return text.replace(pattern, (_, start, __, end) => start + lines.join('\n') + end);
}

/** @param {string} line @returns {string[]} */
function cellsOf(line) {
  return line
    .replace(/^\| ?| ?\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/** @param {string} cell */
function escapePipes(cell) {
  return cell.replaceAll(/(?<!\\)\|/g, '\\|');
}

/** @param {string} table @param {string} key @returns {never} */
function missing(table, key) {
  throw new Error(
    `the row ${key} of the table ${table} has no text: add the row, with a text in its language`,
  );
}

/**
 * Rewrites a paragraph of a section.
 *
 * @param {string} text the page
 * @param {string} heading
 * @param {RegExp} paragraph how it begins
 * @param {string} content
 */
export function writeParagraph(text, heading, paragraph, content) {
  const sections = text.split(/^(?=## )/m);
  const index = sections.findIndex((section) => section.startsWith(`## ${heading}\n`));
  const section = sections[index];
  if (section === undefined) throw new Error(`the page has no section ${heading}`);
  const parts = section.split(/\n\n/);
  const place = parts.findIndex((part) => paragraph.test(part));
  if (place < 0) throw new Error(`the section ${heading} has no paragraph ${paragraph}`);
  parts[place] = content + (place === parts.length - 1 ? '\n' : '');
  sections[index] = parts.join('\n\n');
  // Each section but the last one is followed by an empty line.
  return sections.map((each) => each.trimEnd()).join('\n\n') + '\n';
}

/** @param {string} text @param {number} width */
export function wrap(text, width = 120) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
