import { xml, type OutgoingResponse } from '../../http/outgoing-response';
import type { IncomingRequest } from '../../http/incoming-request';
import { websiteErrorPage } from '../../pages/error-page';
import { languageOf } from '../../pages/language';
import { qrPage } from '../../pages/qr-page';
import { websiteCallbackURL } from '../callback-url';
import type { World } from '../../world/world';
import { PageRefusal } from '../page-refusal';
import { deniedWebsiteCallback } from './callbacks';
import { parseWebsiteRequest, type WebsiteRequest } from './request';

function show(incoming: IncomingRequest, request: WebsiteRequest, world: World): OutgoingResponse {
  const { query } = incoming;
  const login = world.qrLogins.open(request.app, request.scopes);
  const lite = query['stylelite'] === '1';
  return qrPage({
    app: request.app,
    uuid: login.uuid,
    // The uuid, which no address holds by chance, keeps the place of the code.
    callback: websiteCallbackURL(request.redirectURI, { code: login.uuid, state: request.state }),
    refused: deniedWebsiteCallback(request, world),
    // The page itself is Chinese unless asked otherwise; what the emulator adds follows the browser.
    language: query['lang'] === 'en' ? 'en' : 'zh',
    emulatorLanguage: languageOf(incoming.headers['accept-language']),
    embedded: query['login_type'] === 'jssdk',
    selfRedirect: query['self_redirect'] ?? '',
    style: query['style'],
    lite,
    // 极简样式 takes no style sheet.
    stylesheet: lite ? undefined : query['href'],
  });
}

/** `/connect/qrconnect`: the QR page; with `f=xml`, a fresh QR code for a page that stands already. */
export function handleWebsitePage(incoming: IncomingRequest, world: World): OutgoingResponse {
  try {
    const request = parseWebsiteRequest(incoming, world);
    if (incoming.query['f'] !== 'xml') return show(incoming, request, world);
    const { uuid } = world.qrLogins.open(request.app, request.scopes);
    return xml(`<?xml version="1.0" encoding="UTF-8"?><qrconnect><uuid>${uuid}</uuid></qrconnect>`);
  } catch (error) {
    if (!(error instanceof PageRefusal)) throw error;
    return websiteErrorPage(error, languageOf(incoming.headers['accept-language']));
  }
}
