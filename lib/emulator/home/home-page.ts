import type { OutgoingResponse } from '../http/outgoing-response';
import type { Language } from '../pages/language';
import { renderPage } from '../pages/layout';
import { markup, type Markup } from '../pages/markup';
import { peoplePicker } from '../pages/people';
import type { AppRegistry } from '../world/apps/app-registry';
import { appName, type EmulatorApp } from '../world/apps/apps';
import type { EmulatorUser } from '../world/people/users';
import type { World } from '../world/world';
import { HOME_TEXTS, type HomeTexts } from './home-texts';
import { requestsTable } from './requests-table';
import { switchesForm } from './switches-form';

export interface HomeView {
  readonly world: World;
  readonly person: EmulatorUser;
  /** The emulator's origin as the browser addressed it, for the environment of an app. */
  readonly origin: string;
  readonly language: Language;
}

/** Renders the emulator's apps, people, switches, clock and latest requests, with forms to change them. */
export function homePage(view: HomeView): OutgoingResponse {
  const { world, language } = view;
  const texts = HOME_TEXTS[language];
  return renderPage({
    language,
    title: texts.title,
    surface: 'home',
    body: markup`<main><h1>${texts.title}</h1><small>${texts.intro}</small>
<section id="environment"><h2>${texts.environment}</h2><pre>${environment(view)}</pre></section>
${appsTable(world.apps, texts)}
${switchesForm(world.switches, texts, language)}
<div class="columns">${peopleForm(view, texts)}${clockForm(world.clock.now(), texts)}</div>
${requestsTable(world, texts)}
</main>`,
  });
}

function environment({ world, origin }: HomeView): string {
  const { apps } = world;
  const { official, website } = apps.byKind;
  return `WECHAT_OPEN_URL=${origin}
WECHAT_API_URL=${origin}
WECHAT_APP_ID=${official.appId}
WECHAT_APP_SECRET=${apps.shownSecret(official)}
WECHAT_WEBSITE_APP_ID=${website.appId}
WECHAT_WEBSITE_APP_SECRET=${apps.shownSecret(website)}`;
}

function appsTable(apps: AppRegistry, texts: HomeTexts): Markup {
  return markup`<section id="apps"><h2>${texts.apps}</h2><table>
<tr><th>${texts.columns.type}</th><th>${texts.columns.name}</th><th>AppID · AppSecret</th>
<th>${texts.columns.openPlatform}</th><th>${texts.columns.domains}</th></tr>
${apps.all.map((app) => appRow(app, apps.shownSecret(app), texts))}</table>
<p><small>${texts.hiddenSecrets}</small></p></section>`;
}

function appRow(app: EmulatorApp, secret: string, texts: HomeTexts): Markup {
  return markup`<tr><td>${texts.type[app.type]}</td><td>${appName(app)}</td>
<td><code>${app.appId}<br>${secret}</code></td>
<td>${app.openPlatform ?? texts.columns.none}</td><td>${app.domains?.join(', ') ?? texts.columns.any}</td></tr>`;
}

function peopleForm({ world, person, language }: HomeView, texts: HomeTexts): Markup {
  return markup`<section id="people"><h2>${texts.users}</h2><form method="post">
<input type="hidden" name="action" value="person">
${peoplePicker(world.users.all, person, language)}
<div class="actions"><button class="button secondary">${texts.choose}</button></div></form></section>`;
}

function clockForm(now: number, texts: HomeTexts): Markup {
  const options = Object.entries(texts.minutes).map(
    ([minutes, label]) => markup`<option value="${minutes}">${label}</option>`,
  );
  return markup`<section id="clock"><h2>${texts.clock}</h2><code>${new Date(now).toISOString()}</code>
<form method="post" class="actions"><input type="hidden" name="action" value="advance">
<select name="minutes">${options}</select>
<button class="button secondary">${texts.advance}</button></form></section>`;
}
