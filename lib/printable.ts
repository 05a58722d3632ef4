/**
 * Replaces control characters, line separators and the characters that change the direction of text: white
 * space becomes a blank, anything else U+FFFD. Printed in a log or a terminal, they would let an attacker
 * forge lines, move the cursor or reorder what is read.
 */
export function printable(text: string): string {
  return text.replace(CONTROL_CHARACTER, (char) => (/\s/.test(char) ? ' ' : '\ufffd'));
}

const CONTROL_CHARACTER = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
