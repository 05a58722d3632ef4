import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { CHECKS } from '../../../lib/cli/doctor/report/check-list';
import { DOCTOR_HELP, ENVIRONMENT } from '../../../lib/cli/doctor/doctor-flags';
import { renderGroup, renderSummary } from '../../../lib/cli/doctor/report/report';
import { emulator, useEmulator } from '../../support/emulator';
import { startApp } from '../../support/app';
import { serverSessions } from '../../support/sessions';
import { doctor, officialOf } from './run-doctor';

// The real WeChat does not know the preset apps of the emulator: the sample shows an account as a reader has it.
useEmulator({
  apps: [{ type: 'official', appId: 'wx0123456789abcdef', appSecret: '0123456789abcdef0123456789abcdef' }],
});

const ROOT = path.resolve(__dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const PAGES = [
  ['docs/doctor.md', 'en'],
  ['docs/zh-CN/doctor.md', 'zh'],
] as const;

describe.each(PAGES)('%s', (file, language) => {
  it('has a row for every check, in the order and with the title in which it is printed', () => {
    const rows = [...read(file).matchAll(/^\| `([a-z][a-z-]+)` (\S[^|]*?) +\|/gm)].map(([, id, title]) => [
      id,
      title,
    ]);
    expect(rows).toEqual(Object.entries(CHECKS).map(([id, { title }]) => [id, title[language]]));
  });

  it('has a row for every flag, with the environment variable that replaces it', () => {
    const rows = [...read(file).matchAll(/^\| (`--[^|]+)\|([^|]*)\|/gm)].map(([, flags = '', env = '']) => ({
      flags: [...flags.matchAll(/--([a-z-]+)/g)].map(([, flag]) => flag),
      env: [...env.matchAll(/WECHAT_\w+/g)].map(([name]) => name),
    }));
    const inHelp = [...DOCTOR_HELP[language].matchAll(/^ {2}--([a-z-]+)/gm)]
      .map(([, flag]) => flag)
      .filter((flag) => flag !== 'help');
    expect(rows.flatMap(({ flags }) => flags)).toEqual(inHelp);
    const names = ENVIRONMENT as Readonly<Record<string, string>>;
    for (const { flags, env } of rows) expect(env).toEqual(flags.flatMap((flag) => names[flag ?? ''] ?? []));
  });

  it('shows the output of the doctor, word for word', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { appId, appSecret } = emulator.apps.official;
    const session = serverSessions(undefined, { cookie: { secure: true } });
    const app = await startApp(emulator, {
      session,
      auth: { appId, appSecret, website: undefined, baseURL: 'https://h5.example.com' },
    });
    const { out } = await doctor(
      ['--url', app.url, '--lang', language, '--base-url', 'https://h5.example.com', '--app-secret', '-'],
      officialOf(emulator),
      {
        input: 'deadbeefdeadbeefdeadbeefdeadbeef',
      },
    );
    await app.close();
    jest.restoreAllMocks();
    const printed = out.split('\n').map((line) => line.trimEnd());
    const shown = (/```text\n([\s\S]*?)```/.exec(read(file))?.[1] ?? '').split('\n');
    // Ports and times differ. An emulator shows a page that WeChat does not show; the test of the wrapping
    // covers that row.
    const isOfThisRun = (line: string): boolean =>
      /weixin\.qq\.com, |weixin\.qq\.com，|:3000|h5\.example\.com (?:does|的)|cannot be checked|在微信之外/.test(
        line,
      );
    const start = language === 'en' ? '  – Official account: login page' : '  – 服务号授权页';
    const first = shown.findIndex((line) => line.startsWith(start));
    const last = shown.indexOf('', first);
    const compared = shown.filter(
      (line, at) =>
        line !== '' && !isOfThisRun(line) && (at < first || at >= last) && !/^\d|^ +https:/.test(line),
    );
    expect(compared.length).toBeGreaterThan(25);
    expect(compared.filter((line) => !printed.includes(line))).toEqual([]);
    expect(printed).toContain(
      shown.find((line) => line.includes(language === 'en' ? '✖ Return from' : '✖ 从微信')),
    );
  });

  it('ends its sample with the sum of its signs, word for word', () => {
    const [, sample = ''] = /```text\n([\s\S]*?)```/.exec(read(file)) ?? [];
    const statuses = { '✖': 'failed', '!': 'warning', '✔': 'ok', '–': 'skipped' } as const;
    const findings = [...sample.matchAll(/^ {2}([✖!✔–]) /gm)].map(([, sign]) => ({
      id: 'app-id' as const,
      status: statuses[sign as keyof typeof statuses],
      detail: { en: '', zh: '' },
    }));
    expect(findings.length).toBeGreaterThan(15);
    const sum = renderSummary(findings, { language, columns: 80, isColoured: false });
    expect(sample.split('\n\n').at(-1)?.trim()).toBe(sum.trim());
  });

  it('wraps its sample at 80 columns, as the terminal does', () => {
    const shown = (/```text\n([\s\S]*?)```/.exec(read(file))?.[1] ?? '').split('\n');
    const start = shown.findIndex((line) =>
      line.startsWith(language === 'en' ? '  – Official account: login page' : '  – 服务号授权页'),
    );
    const row = shown.slice(start, shown.indexOf('', start)).join('\n');
    const detail = {
      en: 'cannot be checked outside WeChat: h5.example.com must be entered at mp.weixin.qq.com > 设置与开发 > 账号设置 > 功能设置 > 网页授权域名',
      zh: '在微信之外无法判断：h5.example.com 须填写在 mp.weixin.qq.com > 设置与开发 > 账号设置 > 功能设置 > 网页授权域名',
    };
    const printed = renderGroup('wechat', [{ id: 'login-page', status: 'skipped', detail }], {
      language,
      columns: 80,
      isColoured: false,
    });
    expect(printed).toContain(row);
  });
});

describe('the pages about the doctor', () => {
  it('say the same in both languages: headings, rows, code', () => {
    const [english = '', chinese = ''] = PAGES.map(([file]) => read(file));
    const shape = (page: string): string[] =>
      [...page.matchAll(/^(#+ |\| `[^`]+`|```\w+)/gm)].map(([line]) => line);
    expect(shape(chinese)).toEqual(shape(english));
    expect(shape(english).length).toBeGreaterThan(40);
  });

  it('list only checks that the code makes', () => {
    const folder = path.join(ROOT, 'lib/cli/doctor');
    const code = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('check-list.ts'))
      .map((file) => readFileSync(path.join(folder, file), 'utf8'))
      .join('\n');
    expect(Object.keys(CHECKS).filter((id) => !code.includes(`'${id}'`))).toEqual([]);
  });
});
