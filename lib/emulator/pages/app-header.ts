import { appName, type EmulatorApp } from '../world/apps/apps';
import { markup, type Markup } from './markup';

const GRAPHEMES = new Intl.Segmenter('zh');

/** A title beside the app's icon: the first character of its name. */
export function appHeader(app: EmulatorApp, title: string): Markup {
  const [initial] = GRAPHEMES.segment(appName(app));
  return markup`<header><span class="app-icon">${initial?.segment}</span><h1>${title}</h1></header>`;
}
