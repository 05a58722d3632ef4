import type { EmulatorApp } from '../world/apps/apps';
import type { Language } from './language';

/** The kinds of apps, as pages name them. */
export const APP_TYPES: Readonly<Record<Language, Readonly<Record<EmulatorApp['type'], string>>>> = {
  zh: { official: '服务号', website: '网站应用', miniprogram: '小程序' },
  en: { official: 'official account', website: 'website app', miniprogram: 'mini program' },
};
