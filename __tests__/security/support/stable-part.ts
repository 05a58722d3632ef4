import { textOf, type RawResponse } from '../../support/browsers/raw-http';

/**
 * The part of a response that must not depend on a header of the request: its status, these of its headers,
 * and its body. It leaves out the random state, and the hints for operators and developers, which may depend
 * on the request.
 */
export function stablePart(response: RawResponse, isCompared: (header: string) => boolean): string {
  return [
    response.status,
    ...response.headers
      .filter(([name]) => isCompared(name.toLowerCase()))
      .map(([name, value]) => `${name}: ${value}`),
    textOf(response).replace(
      /(?:<p class="soft">[^<]*<\/p>)?(?:<ul>[^]*?<\/ul>|<pre(?: lang="en")?>[^]*?<\/pre>)/g,
      '',
    ),
  ]
    .join('\n')
    .replace(/state=\d[0-9a-f]{32}/g, 'state=');
}
