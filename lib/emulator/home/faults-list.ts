import { readableFault, type FaultEntry } from '../faults/fault-plan';
import type { Services } from '../operations/operation';
import { markup, type Markup } from '../pages/markup';
import { badge, timeOf } from './elements';
import type { HomeTexts } from './home-texts';

const SHOWN_FAULTS = 8;

/** The planned faults, and the latest requests that met one. */
export function faultsList({ world, faults }: Services, { faults: texts }: HomeTexts): Markup {
  const planned = faults.list();
  const met = world.requests
    .filter(({ fault }) => fault !== undefined)
    .slice(-SHOWN_FAULTS)
    .reverse();
  if (planned.length + met.length === 0) {
    return markup`<section id="faults" data-live><h2>${texts.title}</h2><p class="empty">${texts.none}</p></section>`;
  }
  const metRows = met.map(
    ({
      at,
      path,
      fault = '',
    }) => markup`<li><div class="what"><code>${path}</code><small>${fault}</small></div>
<div class="states">${badge('bad', texts.met)}<small>${timeOf(at)}</small></div></li>`,
  );
  return markup`<section id="faults" data-live><h2>${texts.title}</h2>
<ul class="rows">${planned.map((entry) => plannedRow(entry, texts))}${metRows}</ul>
${planned.length > 0 && withdrawAll(texts)}</section>`;
}

function withdrawAll(texts: HomeTexts['faults']): Markup {
  return markup`<form method="post" class="actions" data-quiet>
<input type="hidden" name="action" value="withdraw"><button class="button secondary">${texts.withdraw}</button></form>`;
}

function plannedRow(
  { endpoint, fault, times, after, match }: FaultEntry,
  texts: HomeTexts['faults'],
): Markup {
  const conditions = Object.entries(match ?? {}).map(([name, value]) => `${name} ${String(value)}`);
  const count = Number.isFinite(times) ? `× ${times}` : texts.always;
  const details = [count, ...(after > 0 ? [`${texts.after} ${after}`] : []), ...conditions].join(' · ');
  return markup`<li><div class="what"><code>${endpoint}</code>
<small>${JSON.stringify(readableFault(fault))} · ${details}</small></div>
<div class="states">${badge('waiting', texts.planned)}</div></li>`;
}
