/** HTML that needs no more escaping. */
export class Markup {
  constructor(readonly text: string) {}
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHTML(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

type Piece = string | number | undefined | false | Markup | readonly Markup[];

function render(piece: Piece): string {
  if (piece === undefined || piece === false) return '';
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'object') return piece.map((each) => each.text).join('');
  return escapeHTML(String(piece));
}

/** A template whose values are escaped, unless they are markup themselves. */
export function markup(template: TemplateStringsArray, ...pieces: Piece[]): Markup {
  return new Markup(String.raw({ raw: template }, ...pieces.map(render)));
}
