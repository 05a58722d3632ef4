import type { IncomingRequest } from '../../http/incoming-request';
import { xml, type OutgoingResponse } from '../../http/outgoing-response';
import { websiteErrorPage } from '../../pages/error-page';
import { languageOf } from '../../pages/language';
import { qrPage } from '../../pages/qr-page';
import type { World } from '../../world/world';
import { PageRefusal } from '../page-refusal';
import { allowedWebsiteCallback, deniedWebsiteCallback } from './callbacks';
import { parseWebsiteRequest, type WebsiteRequest } from './request';

/** `/connect/qrconnect`: the QR code page; with `f=xml`, a new QR code for a page that is already open. */
export function handleWebsitePage(incoming: IncomingRequest, world: World): OutgoingResponse {
  try {
    const request = parseWebsiteRequest(incoming, world);
    if (incoming.query['f'] !== 'xml') return showPage(incoming, request, world);
    const { uuid } = world.qrLogins.create(request.app, request.scopes);
    return xml(`<?xml version="1.0" encoding="UTF-8"?><qrconnect><uuid>${uuid}</uuid></qrconnect>`);
  } catch (error) {
    if (!(error instanceof PageRefusal)) throw error;
    return websiteErrorPage(error, languageOf(incoming.headers['accept-language']));
  }
}

function showPage(incoming: IncomingRequest, request: WebsiteRequest, world: World): OutgoingResponse {
  const { query } = incoming;
  const login = world.qrLogins.create(request.app, request.scopes);
  const lite = query['stylelite'] === '1';
  return qrPage({
    app: request.app,
    uuid: login.uuid,
    // The page replaces the uuid by the code. The uuid is random, so it occurs only once in the address.
    callback: allowedWebsiteCallback(request, login.uuid),
    denied: deniedWebsiteCallback(request, world),
    // WeChat's page is Chinese unless `lang=en`; the emulator's own texts follow the browser's language.
    language: query['lang'] === 'en' ? 'en' : 'zh',
    emulatorLanguage: languageOf(incoming.headers['accept-language']),
    embedded: query['login_type'] === 'jssdk',
    selfRedirect: query['self_redirect'] ?? '',
    style: query['style'],
    lite,
    // The plain style (极简样式) ignores the style sheet.
    stylesheet: lite ? undefined : query['href'],
  });
}
