import type { EmulatorApp } from '../world/apps/apps';
import type { EmulatorUser } from '../world/people/users';
import { SWITCH_CHOICES } from '../world/switch-values';
import type { EmulatorSwitches } from '../world/switches';
import { DOMAIN_PATTERN, type JsonSchema } from './json-schema';

const TEXT: JsonSchema = { type: 'string', minLength: 1 };
const FLAG: JsonSchema = { type: 'boolean' };
const TEXTS: JsonSchema = { type: 'array', items: TEXT };

const APP_FIELDS: Readonly<Record<keyof EmulatorApp, JsonSchema>> = {
  type: {
    enum: ['official', 'website', 'miniprogram'],
    description: 'An official account (服务号), a website app (网站应用) or a mini program (小程序).',
  },
  appId: { ...TEXT, description: 'The AppID, such as wx0123456789abcdef.' },
  appSecret: { ...TEXT, format: 'password', description: 'The AppSecret.' },
  name: { ...TEXT, description: 'The name that the consent page shows.' },
  openPlatform: {
    ...TEXT,
    description: 'The Open Platform account (开放平台账号) of the app. Apps of one account share unionids.',
  },
  domains: {
    type: 'array',
    items: {
      type: 'string',
      pattern: DOMAIN_PATTERN.source,
      description: 'A host, host:port or host/path, without http://.',
    },
    description: 'A list of callback domains (网页授权域名, 授权回调域).',
  },
  scopes: { ...TEXTS, description: 'A list of scopes, such as snsapi_base.' },
  banned: { ...FLAG, description: 'True if WeChat banned the account; otherwise false.' },
  followersOnly: { ...FLAG, description: 'True for a test account (测试号); otherwise false.' },
  components: { ...TEXTS, description: 'A list of third-party platforms (component_appid).' },
};

export const APP_SCHEMA: JsonSchema = {
  type: 'object',
  title: 'App',
  description: 'An app { type, appId, appSecret, … }.',
  properties: APP_FIELDS,
  required: ['type', 'appId', 'appSecret'],
  additionalProperties: false,
};

const USER_FIELDS: Readonly<Record<keyof EmulatorUser, JsonSchema>> = {
  id: { ...TEXT, description: "The emulator's own id of the person, such as ming." },
  nickname: { type: 'string', description: 'The name that the profile shows.' },
  headimgurl: {
    type: 'string',
    description: 'The address of the profile picture, or an empty text for none.',
  },
  follower: { ...FLAG, description: 'True if the person follows every official account; otherwise false.' },
  snapshot: {
    ...FLAG,
    description: 'True if the person sees the snapshot page (网页快照页); otherwise false.',
  },
  deregistered: { ...FLAG, description: 'True if the WeChat account was closed; otherwise false.' },
  risky: { ...FLAG, description: 'True if WeChat considers the account high risk; otherwise false.' },
  privilege: { ...TEXTS, description: 'A list of privileges, such as chinaunicom.' },
};

export const USER_SCHEMA: JsonSchema = {
  type: 'object',
  title: 'User',
  description: 'A user { id, nickname, … }.',
  properties: USER_FIELDS,
  required: ['id', 'nickname'],
  additionalProperties: false,
};

export const SWITCHES_SCHEMA: JsonSchema = {
  type: 'object',
  title: 'Switches',
  description: 'An object of switches.',
  properties: Object.fromEntries(
    (Object.keys(SWITCH_CHOICES) as (keyof EmulatorSwitches)[]).map((name) => [name, switchSchema(name)]),
  ),
  additionalProperties: false,
};

function switchSchema(name: keyof EmulatorSwitches): JsonSchema {
  if (name === 'pollHold')
    return { type: 'number', minimum: 0, description: 'A number of milliseconds, 0 or more.' };
  return { enum: SWITCH_CHOICES[name] };
}
