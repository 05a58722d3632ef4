/** A Markdown table as prettier formats it: the first column is left-aligned, the numbers right-aligned. */
export function table(head, rows) {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(' | ')} |`;
  const rule = widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

export function whole(count) {
  return Math.round(count).toLocaleString('en-US');
}

export function mb(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
