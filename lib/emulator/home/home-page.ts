import type { OutgoingResponse } from '../http/outgoing-response';
import type { Language } from '../pages/language';
import { render } from '../pages/layout';
import { markup, type Markup } from '../pages/markup';
import { peoplePicker } from '../pages/people';
import { appName, type EmulatorApp } from '../world/apps';
import type { EmulatorUser } from '../world/people/users';
import type { World } from '../world/world';
import { HOME_TEXTS, type HomeTexts } from './home-texts';
import { requestsTable } from './requests-table';
import { switchesForm } from './switches-form';

export interface HomeView {
  readonly world: World;
  readonly person: EmulatorUser;
  /** Where the browser reached us, for the lines that an app needs. */
  readonly origin: string;
  readonly language: Language;
}

function environment({ world, origin }: HomeView): string {
  const { official, website } = world.apps.byKind;
  return `WECHAT_OPEN_URL=${origin}
WECHAT_API_URL=${origin}
WECHAT_APP_ID=${official.appId}
WECHAT_APP_SECRET=${official.appSecret}
WECHAT_WEBSITE_APP_ID=${website.appId}
WECHAT_WEBSITE_APP_SECRET=${website.appSecret}`;
}

function appRow(app: EmulatorApp, words: HomeTexts): Markup {
  return markup`<tr><td>${words.type[app.type]}</td><td>${appName(app)}</td><td><code>${app.appId}<br>${app.appSecret}</code></td>
<td>${app.openPlatform ?? words.columns.none}</td><td>${app.domains?.join(', ') ?? words.columns.any}</td></tr>`;
}

function appsTable(apps: readonly EmulatorApp[], words: HomeTexts): Markup {
  return markup`<section id="apps"><h2>${words.apps}</h2><table>
<tr><th>${words.columns.type}</th><th>${words.columns.name}</th><th>AppID · AppSecret</th>
<th>${words.columns.openPlatform}</th><th>${words.columns.domains}</th></tr>
${apps.map((app) => appRow(app, words))}</table></section>`;
}

function people({ world, person, language }: HomeView, words: HomeTexts): Markup {
  return markup`<section id="people"><h2>${words.users}</h2><form method="post">
<input type="hidden" name="action" value="person">
${peoplePicker(world.users.all, person, language)}
<div class="actions"><button class="button secondary">${words.choose}</button></div></form></section>`;
}

function clock(now: number, words: HomeTexts): Markup {
  return markup`<section id="clock"><h2>${words.clock}</h2><code>${new Date(now).toISOString()}</code>
<form method="post" class="actions"><input type="hidden" name="action" value="advance">
<select name="minutes">${Object.entries(words.minutes).map(
    ([minutes, label]) => markup`<option value="${minutes}">${label}</option>`,
  )}</select>
<button class="button secondary">${words.advance}</button></form></section>`;
}

/** Everything of this emulator at a glance, and the ways to change it. */
export function homePage(view: HomeView): OutgoingResponse {
  const { world, language } = view;
  const words = HOME_TEXTS[language];
  return render({
    language,
    title: words.title,
    surface: 'home',
    body: markup`<main><h1>${words.title}</h1><small>${words.intro}</small>
<section id="environment"><h2>${words.environment}</h2><pre>${environment(view)}</pre></section>
${appsTable(world.apps.all, words)}
${switchesForm(world.switches, words, language)}
<div class="columns">${people(view, words)}${clock(world.clock.now(), words)}</div>
${requestsTable(world.requests, words)}
</main>`,
  });
}
