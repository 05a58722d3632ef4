import { markup, type Markup } from '../pages/markup';
import type { AppRegistry } from '../world/apps/app-registry';
import { printable } from '../world/printable';
import type { RecordedRequest } from '../world/request-log';
import type { World } from '../world/world';
import { timeOf } from './elements';
import type { HomeTexts } from './home-texts';

const SHOWN_REQUESTS = 30;

/** The latest requests, newest first, and the buttons of the request log. */
export function requestsTable(world: World, texts: HomeTexts): Markup {
  const latest = world.requests.slice(-SHOWN_REQUESTS).reverse();
  return markup`<section id="requests" data-live><h2>${texts.requests}</h2>
${latest.length === 0 ? markup`<p><small>${texts.noRequests}</small></p>` : table(latest, world.apps, texts)}
<form method="post" class="actions" data-quiet><input type="hidden" name="action" value="clear">
<button class="button secondary">${texts.clear}</button></form></section>`;
}

function table(requests: readonly RecordedRequest[], apps: AppRegistry, { columns }: HomeTexts): Markup {
  return markup`<div class="list"><table>
<tr><th>${columns.time}</th><th>${columns.request}</th><th class="agent">${columns.agent}</th></tr>
${requests.map((request) => row(request, apps))}</table></div>`;
}

const SHOWN_USER_AGENT = 60;

function row(
  { at, method, path, query, warning, fault, headers }: RecordedRequest,
  apps: AppRegistry,
): Markup {
  const shown = (text: string): string => printable(apps.withoutSecrets(text));
  const time = timeOf(at);
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) parameters.append(shown(name), shortened(shown(value)));
  const search = parameters.size === 0 ? '' : `?${parameters.toString()}`;
  const userAgent = shown(headers['user-agent'] ?? '').slice(0, SHOWN_USER_AGENT);
  return markup`<tr><td><code>${time}</code></td><td><code>${method} ${shown(path)}${search}</code>
${warning !== undefined && markup`<br><small>⚠ ${shown(warning)}</small>`}
${fault !== undefined && markup`<br><small class="warning">✗ ${shown(fault)}</small>`}</td>
<td class="agent"><small>${userAgent}</small></td></tr>`;
}

const SHOWN_VALUE = 64;

/** A token has 107 characters. Its first ones are enough to distinguish it from others. */
function shortened(value: string): string {
  return value.length > SHOWN_VALUE ? `${value.slice(0, SHOWN_VALUE)}…` : value;
}
