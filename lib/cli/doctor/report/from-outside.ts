import { printable } from '../../../printable';

/**
 * A text that a server chose, as the report may show it: short, so that nothing that follows takes long, and
 * without control characters, which a terminal would obey.
 */
export function fromOutside(text: string, longest = 200): string {
  return printable(text.length > longest ? `${text.slice(0, longest)}…` : text);
}
