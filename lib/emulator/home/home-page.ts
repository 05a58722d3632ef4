import type { OutgoingResponse } from '../http/outgoing-response';
import { PATHS } from '../http/paths';
import { renderPage } from '../pages/layout';
import { markup, type Markup } from '../pages/markup';
import { peoplePicker } from '../pages/people';
import type { AppRegistry } from '../world/apps/app-registry';
import { appName, type EmulatorApp } from '../world/apps/apps';
import { faultsList } from './faults-list';
import { HOME_TEXTS, type HomeTexts } from './home-texts';
import type { HomeView } from './home-view';
import { loginsTable } from './logins-table';
import { qrCodes } from './qr-codes';
import { requestsTable } from './requests-table';
import { switchesForm } from './switches-form';

/**
 * Renders logins, QR codes, faults and requests, which the page's script keeps up to date; forms for the
 * person, the clock and the switches; and the apps.
 */
export function homePage(view: HomeView): OutgoingResponse {
  const { services, language } = view;
  const { world } = services;
  const texts = HOME_TEXTS[language];
  return renderPage({
    language,
    title: texts.title,
    surface: 'home',
    scripts: ['home'],
    body: markup`<main>${pageHeader(texts)}
<div class="columns">${loginsTable(world, texts)}
<div>${qrCodes(view, texts)}${faultsList(services, texts)}</div></div>
${requestsTable(world, texts)}
<section id="environment"><h2>${texts.environment}</h2><pre>${environment(view)}</pre></section>
<div class="columns">${peopleForm(view, texts)}${clockForm(world.clock.now(), texts)}</div>
${switchesForm(world.switches, texts, language)}
${appsTable(world.apps, texts)}
</main>`,
  });
}

function pageHeader(texts: HomeTexts): Markup {
  return markup`<header class="top"><div><h1>${texts.title}</h1><small>${texts.intro}</small></div>
<div class="tools"><span class="live">${texts.live}</span><a href="${PATHS.control}openapi.json">${texts.control}</a>
<form method="post" data-quiet data-confirm="${texts.resetQuestion}"><input type="hidden" name="action" value="reset">
<button class="button danger">${texts.reset}</button></form></div></header>`;
}

function environment({ services, origin }: HomeView): string {
  const { apps } = services.world;
  const { official, website } = apps.byKind;
  return `WECHAT_OPEN_URL=${services.world.publicOrigin(origin)}
WECHAT_API_URL=${origin}
WECHAT_APP_ID=${official.appId}
WECHAT_APP_SECRET=${apps.shownSecret(official)}
WECHAT_WEBSITE_APP_ID=${website.appId}
WECHAT_WEBSITE_APP_SECRET=${apps.shownSecret(website)}`;
}

function appsTable(apps: AppRegistry, texts: HomeTexts): Markup {
  return markup`<section id="apps" data-live="reset"><h2>${texts.apps}</h2><table>
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

function peopleForm({ services, person, language }: HomeView, texts: HomeTexts): Markup {
  return markup`<section id="people" data-live="reset"><h2>${texts.users}</h2><form method="post">
<input type="hidden" name="action" value="person">
${peoplePicker(services.world.users.all, person, language)}
<div class="actions"><button class="button secondary">${texts.choose}</button></div></form></section>`;
}

function clockForm(now: number, texts: HomeTexts): Markup {
  const options = Object.entries(texts.minutes).map(
    ([minutes, label]) => markup`<option value="${minutes}">${label}</option>`,
  );
  return markup`<section id="clock" data-live="reset"><h2>${texts.clock}</h2><code>${new Date(now).toISOString()}</code>
<form method="post" class="actions"><input type="hidden" name="action" value="advance">
<select name="minutes">${options}</select>
<button class="button secondary">${texts.advance}</button></form></section>`;
}
