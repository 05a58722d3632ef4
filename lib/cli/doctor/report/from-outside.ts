import { printable } from '../../../printable';

/**
 * Text from a server, as the report may show it: short, so that later steps stay cheap, and without control
 * characters, which a terminal would obey.
 */
export function fromOutside(text: string, longest = 200): string {
  return printable(text.length > longest ? `${text.slice(0, longest)}…` : text);
}
