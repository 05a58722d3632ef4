import { printable } from '../../../printable';

/**
 * Prepares text from a server for the report: cuts it, so that redacting and wrapping stay cheap, and
 * replaces control characters, which a terminal would obey.
 */
export function untrustedText(text: string, longest = 200): string {
  return printable(text.length > longest ? `${text.slice(0, longest)}…` : text);
}
