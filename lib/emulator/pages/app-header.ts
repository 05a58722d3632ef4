import { appName, type EmulatorApp } from '../world/apps';
import { markup, type Markup } from './markup';

const GRAPHEMES = new Intl.Segmenter('zh');

/** An app's icon, drawn from its name, beside a title. */
export function appHeader(app: EmulatorApp, title: string): Markup {
  const [initial] = GRAPHEMES.segment(appName(app));
  return markup`<header><span class="app-icon">${initial?.segment}</span><h1>${title}</h1></header>`;
}
