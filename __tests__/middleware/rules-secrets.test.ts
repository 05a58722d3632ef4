import { inspect } from 'node:util';
import createDebug from 'debug';
import { emulated, startApp } from '../support/app';
import { emulator, useEmulator } from '../support/emulator';
import { agree, Browser, type Answer } from '../support/browser';
import { comeBack, stateIn, withParams } from '../support/login';
import { serverSessions } from '../support/sessions';

useEmulator();

describe('secrets', () => {
  /** All that a login says to anybody: answers, debug lines, warnings, errors. */
  const answers: Answer[] = [];
  const said: string[] = [];
  const codes: string[] = [];
  const states: string[] = [];

  const { log } = createDebug;

  beforeAll(async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation();
    createDebug.log = (...args: unknown[]) => void said.push(args.map((arg) => inspect(arg)).join(' '));
    createDebug.enable('wechat-auth:*,follow-redirects,https-proxy-agent,agent-base,http-proxy-agent,axios');
    await tellAll();
    createDebug.disable();
    createDebug.log = log;
    said.push(...warn.mock.calls.map((call) => inspect(call)));
    warn.mockRestore();
  });

  async function tellAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const withOnError of [false, true]) {
      const app = await startApp(emulator, {
        session: serverSessions(),
        auth: {
          http: { timeout: 250 },
          ...(withOnError && {
            onError: (error, _req, res) => {
              errors.push(error);
              res.end('sorry');
            },
          }),
        },
      });
      for (const Accept of ['text/html', 'application/json']) {
        const browser = Browser.inWechat(app.url);
        const visit = async (path: string): Promise<Answer> => {
          const answer = await browser.get(path, { headers: { Accept } });
          answers.push(answer);
          if (answer.location.startsWith(emulator.url)) states.push(stateIn(answer.location));
          return answer;
        };
        const back = async (): Promise<string> => {
          const login = await visit('/login');
          const address = await agree(emulator, login.location);
          codes.push(new URL(address).searchParams.get('code') ?? '');
          return address;
        };
        for (const fault of [
          { errcode: 40125, errmsg: `invalid appsecret ${emulator.apps.official.appSecret}` },
          { errcode: 40029 },
          { html: true } as const,
          'reset' as const,
          'silence' as const,
          'truncated' as const,
        ]) {
          const undo = emulator.fail('access_token', fault, { times: 2 });
          const again = await visit(await back());
          if (again.location) await visit(await agree(emulator, again.location));
          undo();
        }
        const address = await back();
        await visit(withParams(address, { state: `1${'a'.repeat(32)}` }));
        await visit(withParams(address, { state: `${stateIn(address)}x` }));
        await visit(withParams(address, { code: 'c'.repeat(600) }));
        await visit(`${address}&state=twice`);
        await visit(address);
        await visit(address);
        await visit('/me');
        await visit('/logout');
      }
      await app.close();
    }
    const unauthorized = await startApp(emulator, {
      auth: { ...emulated(emulator), appSecret: 'f'.repeat(32), http: { timeout: 2_000 } },
    });
    const browser = Browser.inWechat(unauthorized.url);
    answers.push(await browser.get(await comeBack(browser, emulator)));
    await unauthorized.close();
    said.push(
      ...errors.map((error) => inspect(error, { showHidden: true, depth: 9 }) + JSON.stringify(error)),
    );
  }

  const secrets = (): string[] => [
    emulator.apps.official.appSecret,
    emulator.apps.website.appSecret,
    'f'.repeat(32),
    ...codes,
  ];

  it('were there to be seen: codes, states, debug lines, warnings, errors', () => {
    expect(codes.length).toBeGreaterThan(20);
    expect(states.length).toBeGreaterThan(20);
    expect(said.some((line) => line.includes('wechat-auth:'))).toBe(true);
    expect(said.some((line) => line.includes('WECHAT_LOGIN_FAILED'))).toBe(true);
    expect(said.some((line) => line.includes('WeChatAPIError'))).toBe(true);
    expect(answers.length).toBeGreaterThan(60);
  });

  it('are in no answer, but for the state in the address of WeChat', () => {
    for (const { body, headers, location } of answers) {
      const text = body + JSON.stringify(headers);
      for (const secret of secrets()) expect(text).not.toContain(secret);
      const besidesAddress = text.replaceAll(JSON.stringify(location), '');
      for (const state of states) expect(besidesAddress).not.toContain(state);
    }
  });

  it('are in no debug line, no warning, and no error', () => {
    const text = said.join('\n');
    for (const secret of [...secrets(), ...states]) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/access_token=|secret=|code=[0-9A-Za-z]{16}/);
  });

  it('of the token are in no answer either', () => {
    const tokens = emulator.requests.flatMap(({ query }) => query['access_token'] ?? []);
    expect(tokens.length).toBeGreaterThan(0);
    for (const token of tokens) {
      expect(said.join('\n')).not.toContain(token);
      for (const { body, headers } of answers) expect(body + JSON.stringify(headers)).not.toContain(token);
    }
  });
});
