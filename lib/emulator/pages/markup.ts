/** HTML that is safe to send: its values have been escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type Piece = string | number | undefined | false | Markup | readonly Markup[];

/** The tag of a template literal: escapes its values, except those that are markup already. */
export function markup(template: TemplateStringsArray, ...pieces: Piece[]): Markup {
  return new Markup(String.raw({ raw: template }, ...pieces.map(render)));
}

function render(piece: Piece): string {
  if (piece === undefined || piece === false) return '';
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'object') return piece.map((each) => each.text).join('');
  return escapeHTML(String(piece));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHTML(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
