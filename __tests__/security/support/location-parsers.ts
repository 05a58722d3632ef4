/**
 * What the readers of a Location header make of it. Written apart from the library, which has a judge of its own: here stand
 * a browser by today's standard, one by RFC 3986, and the sloppy ones of old.
 */

interface LocationParser {
  readonly name: string;
  /** The authority where it would go, or undefined where it stays on the page's own. */
  readonly elsewhere: (location: string, page: string) => string | undefined;
}

const PARSERS: readonly LocationParser[] = [
  {
    name: 'the URL standard',
    elsewhere: (location, page) => {
      if (!URL.canParse(location, page)) return `nowhere (${location})`;
      const url = new URL(location, page);
      if (url.username !== '' || url.password !== '') return `${url.username}@${url.host}`;
      return url.origin === new URL(page).origin ? undefined : url.href;
    },
  },
  { name: 'RFC 3986', elsewhere: (location) => authorityOf(location) },
  {
    name: 'RFC 3986, dot segments first',
    elsewhere: (location) => authorityOf(withoutDots(location, /^\.$/, /^\.\.$/)),
  },
  {
    name: 'one that takes encoded dots for dots',
    elsewhere: (location) => authorityOf(withoutDots(location, /^(?:\.|%2e)$/i, /^(?:\.|%2e){2}$/i)),
  },
  {
    name: 'one that drops what it cannot see, and takes backslashes for slashes',
    elsewhere: (location) => authorityOf(lenient(location)),
  },
  {
    name: 'one that does so, and then takes dots away',
    elsewhere: (location) => authorityOf(withoutDots(lenient(location), /^(?:\.|%2e)$/i, /^(?:\.|%2e){2}$/i)),
  },
  {
    name: 'one that folds look-alikes of a slash',
    elsewhere: (location) =>
      authorityOf(
        lenient(
          utf8(location)
            .normalize('NFKC')
            .replace(/[⁄∕⧸⫽╱〳]/g, '/'),
        ),
      ),
  },
  {
    name: 'one that reads two bytes as one, and cuts the upper half off',
    elsewhere: (location) =>
      authorityOf(
        lenient(
          Array.from(utf8(location), (char) => String.fromCharCode(char.charCodeAt(0) & 0xff)).join(''),
        ),
      ),
  },
];

/** The first reader who would leave the page's site, and where to. */
export function leavesSite(location: string, page: string): string | undefined {
  if (location === '') return 'an empty Location';
  if (/[^\u0021-\u007e]/.test(location)) return `raw bytes in ${JSON.stringify(location)}`;
  if (!location.startsWith('/')) return `no path: ${location}`;
  for (const { name, elsewhere } of PARSERS) {
    const away = elsewhere(location, page);
    if (away !== undefined) return `${name} reads ${location} as ${away}`;
  }
  return undefined;
}

/** The expression of RFC 3986, appendix B. */
function authorityOf(reference: string): string | undefined {
  const [, scheme, , authority] = /^(?:([^:/?#]+):)?(\/\/([^/?#]*))?[^]*$/.exec(reference) ?? [];
  return scheme === undefined ? authority : `${scheme}:${authority ?? ''}`;
}

function withoutDots(reference: string, here: RegExp, up: RegExp): string {
  const end = reference.search(/[?#]/);
  const path = end < 0 ? reference : reference.slice(0, end);
  const stay: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    if (up.test(segment)) stay.pop();
    else if (!here.test(segment)) stay.push(segment);
  }
  return `/${stay.join('/')}${end < 0 ? '' : reference.slice(end)}`;
}

function lenient(reference: string): string {
  return reference.replace(/[\p{Cc} \u00a0\u00ad\u200b-\u200f\u2028\u2029\ufeff]/gu, '').replace(/\\/g, '/');
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString();
}
