/**
 * How clients parse a Location header: by the URL standard, by RFC 3986, and in the lenient ways of older
 * clients. It is independent of the library's own check of return paths.
 */

interface LocationParser {
  readonly name: string;
  /** The authority that the client would request, or undefined if it stays on the page's own site. */
  readonly authorityIn: (location: string, page: string) => string | undefined;
}

const PARSERS: readonly LocationParser[] = [
  {
    name: 'the URL standard',
    authorityIn: (location, page) => {
      if (!URL.canParse(location, page)) return `an invalid address (${location})`;
      const url = new URL(location, page);
      if (url.username !== '' || url.password !== '') return `${url.username}@${url.host}`;
      return url.origin === new URL(page).origin ? undefined : url.href;
    },
  },
  { name: 'RFC 3986', authorityIn: (location) => authorityOf(location) },
  {
    name: 'RFC 3986 after the removal of dot segments',
    authorityIn: (location) => authorityOf(withoutDots(location, /^\.$/, /^\.\.$/)),
  },
  {
    name: 'a client that decodes dots',
    authorityIn: (location) => authorityOf(withoutDots(location, /^(?:\.|%2e)$/i, /^(?:\.|%2e){2}$/i)),
  },
  {
    name: 'a client that drops invisible characters and reads backslashes as slashes',
    authorityIn: (location) => authorityOf(lenient(location)),
  },
  {
    name: 'the same client after the removal of dot segments',
    authorityIn: (location) =>
      authorityOf(withoutDots(lenient(location), /^(?:\.|%2e)$/i, /^(?:\.|%2e){2}$/i)),
  },
  {
    name: 'a client that normalizes characters that look like a slash',
    authorityIn: (location) =>
      authorityOf(
        lenient(
          utf8(location)
            .normalize('NFKC')
            .replace(/[⁄∕⧸⫽╱〳]/g, '/'),
        ),
      ),
  },
  {
    name: 'a client that truncates characters to their lower byte',
    authorityIn: (location) =>
      authorityOf(
        lenient(
          Array.from(utf8(location), (char) => String.fromCharCode(char.charCodeAt(0) & 0xff)).join(''),
        ),
      ),
  },
];

/** The first client that would leave the page's site, and the address that it would request. */
export function leavesSite(location: string, page: string): string | undefined {
  if (location === '') return 'an empty Location';
  if (/[^\u0021-\u007e]/.test(location)) return `raw bytes in ${JSON.stringify(location)}`;
  if (!location.startsWith('/')) return `not a path: ${location}`;
  for (const { name, authorityIn } of PARSERS) {
    const other = authorityIn(location, page);
    if (other !== undefined) return `${name} parses ${location} as ${other}`;
  }
  return undefined;
}

/** The regular expression of RFC 3986, appendix B. */
function authorityOf(reference: string): string | undefined {
  const [, scheme, , authority] = /^(?:([^:/?#]+):)?(\/\/([^/?#]*))?[^]*$/.exec(reference) ?? [];
  return scheme === undefined ? authority : `${scheme}:${authority ?? ''}`;
}

function withoutDots(reference: string, currentFolder: RegExp, parentFolder: RegExp): string {
  const end = reference.search(/[?#]/);
  const path = end < 0 ? reference : reference.slice(0, end);
  const kept: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    if (parentFolder.test(segment)) kept.pop();
    else if (!currentFolder.test(segment)) kept.push(segment);
  }
  return `/${kept.join('/')}${end < 0 ? '' : reference.slice(end)}`;
}

function lenient(reference: string): string {
  return reference.replace(/[\p{Cc} \u00a0\u00ad\u200b-\u200f\u2028\u2029\ufeff]/gu, '').replace(/\\/g, '/');
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString();
}
