import { grantIdentity } from '../world/credentials/grants';
import type { IssuedCode } from '../world/credentials/codes';
import type { TokenPair } from '../world/credentials/tokens';
import { markup, type Markup } from '../pages/markup';
import { face } from '../pages/people';
import { appName } from '../world/apps/apps';
import { printable } from '../world/printable';
import type { World } from '../world/world';
import { badge, timeOf } from './elements';
import type { HomeTexts } from './home-texts';

const SHOWN_LOGINS = 12;

/** The logins, the latest first: person, time, and the state of the code and its tokens. */
export function loginsTable(world: World, texts: HomeTexts): Markup {
  const latest = world.codes.recent.slice(-SHOWN_LOGINS).reverse();
  const rows = latest.map((issued) => loginRow(issued, world, texts));
  return markup`<section id="logins" data-live><h2>${texts.logins.title}</h2>
${rows.length === 0 ? markup`<p class="empty">${texts.logins.none}</p>` : markup`<ul class="rows">${rows}</ul>`}
</section>`;
}

function loginRow(issued: IssuedCode, world: World, { logins, type }: HomeTexts): Markup {
  const { grant, issuedAt } = issued;
  const { openid } = grantIdentity(grant);
  return markup`<li>${face(grant.user)}
<div class="what"><strong>${printable(grant.user.nickname)}</strong>${grant.virtual && badge('soft', logins.virtual)}
<small>${appName(grant.app)} · ${type[grant.app.type]} · ${grant.scopes.join(', ')}</small>
<small><code>${openid}</code></small></div>
<div class="states">${codeState(issued, world, logins)}${tokenState(issued.tokens, world, logins)}
<small>${timeOf(issuedAt)}</small></div></li>`;
}

type LoginTexts = HomeTexts['logins'];

function codeState({ used, expiresAt }: IssuedCode, world: World, { code }: LoginTexts): Markup {
  if (used) return badge('good', code.used);
  const left = expiresAt - world.clock.now();
  return left <= 0 ? badge('bad', code.expired) : badge('waiting', `${code.waiting} ${countdown(left)}`);
}

function tokenState(tokens: TokenPair | undefined, world: World, { token }: LoginTexts): Markup {
  if (!tokens) return markup``;
  if (tokens.passwordChanged) return badge('bad', token.invalid);
  const left = tokens.accessExpiresAt - world.clock.now();
  const access = left <= 0 ? badge('bad', token.expired) : badge('good', `${token.valid} ${countdown(left)}`);
  return tokens.revoked ? markup`${access}${badge('bad', token.revoked)}` : access;
}

/** Hours, minutes and seconds that are left, such as 1:59:59 or 4:59. */
function countdown(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [first = 0, ...rest] = parts[0] === 0 ? parts.slice(1) : parts;
  return [first, ...rest.map((part) => String(part).padStart(2, '0'))].join(':');
}
