import { markup, type Markup } from '../pages/markup';
import type { RecordedRequest } from '../world/request-log';
import type { HomeTexts } from './home-texts';

const SHOWN_REQUESTS = 30;

/** The latest requests, newest first, and the buttons of the request log. */
export function requestsTable(requests: readonly RecordedRequest[], texts: HomeTexts): Markup {
  const latest = requests.slice(-SHOWN_REQUESTS).reverse();
  return markup`<section id="requests"><h2>${texts.requests}</h2>
${latest.length === 0 ? markup`<p><small>${texts.noRequests}</small></p>` : table(latest, texts)}
<form method="post" class="actions"><input type="hidden" name="action" value="clear">
<a class="button secondary" href="/">${texts.refresh}</a>
<button class="button secondary">${texts.clear}</button></form></section>`;
}

function table(requests: readonly RecordedRequest[], { columns }: HomeTexts): Markup {
  return markup`<div class="list"><table>
<tr><th>${columns.time}</th><th>${columns.request}</th><th class="agent">${columns.agent}</th></tr>
${requests.map(row)}</table></div>`;
}

const SHOWN_USER_AGENT = 60;

function row(request: RecordedRequest): Markup {
  const { at, method, warning, headers } = request;
  const time = new Date(at).toISOString().slice(11, 23);
  const userAgent = (headers['user-agent'] ?? '').slice(0, SHOWN_USER_AGENT);
  return markup`<tr><td><code>${time}</code></td><td><code>${method} ${targetOf(request)}</code>${
    warning !== undefined && markup`<br><small>⚠ ${warning}</small>`
  }</td><td class="agent"><small>${userAgent}</small></td></tr>`;
}

function targetOf({ path, query }: RecordedRequest): string {
  const search = String(new URLSearchParams(query));
  return search === '' ? path : `${path}?${search}`;
}
