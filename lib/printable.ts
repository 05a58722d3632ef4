/**
 * Replaces control characters, line separators and the characters that change the direction of text: white
 * space becomes a blank, and anything else becomes U+FFFD. In a log or a terminal, such characters would let
 * an attacker forge lines, move the cursor or change the order in which text is shown.
 */
export function printable(text: string): string {
  return text.replace(CONTROL_CHARACTER, (char) => (/\s/.test(char) ? ' ' : '\ufffd'));
}

const CONTROL_CHARACTER = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
