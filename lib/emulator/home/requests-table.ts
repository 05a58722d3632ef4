import { markup, type Markup } from '../pages/markup';
import type { RecordedRequest } from '../world/request-log';
import type { HomeTexts } from './home-texts';

const SHOWN = 30;

function timeOf(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}

function target({ path, query }: RecordedRequest): string {
  const search = String(new URLSearchParams(query));
  return search === '' ? path : `${path}?${search}`;
}

function row(request: RecordedRequest): Markup {
  return markup`<tr><td><code>${timeOf(request.at)}</code></td><td><code>${request.method} ${target(request)}</code>${
    request.warning !== undefined && markup`<br><small>⚠ ${request.warning}</small>`
  }</td><td class="agent"><small>${(request.headers['user-agent'] ?? '').slice(0, 60)}</small></td></tr>`;
}

export function requestsTable(requests: readonly RecordedRequest[], words: HomeTexts): Markup {
  const { columns } = words;
  const latest = requests.slice(-SHOWN).reverse();
  return markup`<section id="requests"><h2>${words.requests}</h2>
${
  latest.length === 0
    ? markup`<p><small>${words.noRequests}</small></p>`
    : markup`<div class="list"><table><tr><th>${columns.time}</th><th>${columns.request}</th><th class="agent">${columns.agent}</th></tr>${latest.map(row)}</table></div>`
}
<form method="post" class="actions"><input type="hidden" name="action" value="clear">
<a class="button secondary" href="/">${words.refresh}</a><button class="button secondary">${words.clear}</button></form></section>`;
}
