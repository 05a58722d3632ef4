import { readFileSync } from 'node:fs';
import path from 'node:path';
import { run } from '../../lib/cli/run';

const { version } = JSON.parse(readFileSync(path.resolve(__dirname, '../../package.json'), 'utf8')) as {
  version: string;
};

async function runCommand(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<[number, string]> {
  const lines: string[] = [];
  const status = await run(args, {
    env,
    out: (line) => lines.push(line),
    err: (line) => lines.push(line),
    stopped: new Promise(() => undefined),
  });
  return [status, lines.join('\n')];
}

const CHINESE = { LANG: 'zh_CN.UTF-8' };

describe('the command express-wechat-auth', () => {
  it.each(['--version', '-v'])('prints its version: %s', async (flag) => {
    expect(await runCommand([flag])).toEqual([0, version]);
  });

  it.each([[['--help']], [['emulator', '--help']], [['doctor', '--help']]])(
    'has a help in English and one in Chinese, with the same flags: %j',
    async (args) => {
      const [, english] = await runCommand(args, { LANG: 'en_US.UTF-8' });
      const [status, chinese] = await runCommand(args, CHINESE);
      const flags = (text: string): string[] => text.match(/^ {2}\S+(?: <[^>]+>)?/gm) ?? [];
      expect(status).toBe(0);
      expect(english).toMatch(/^Usage: /);
      expect(english).not.toMatch(/[\u4e00-\u9fff]/);
      expect(chinese).toMatch(/^用法：/);
      expect(flags(chinese)).toEqual(flags(english));
      expect(flags(english).length).toBeGreaterThan(2);
      for (const text of [english, chinese])
        expect(text.split('\n').filter((line) => line.length > 120)).toEqual([]);
    },
  );

  it.each<[string[], RegExp]>([
    [
      ['emulatr'],
      /未知命令 "emulatr"；可用的命令：emulator、doctor\n请用 express-wechat-auth --help 查看用法$/,
    ],
    [['emulator', '--prot', '1'], /未知选项 '--prot'\n请用 express-wechat-auth emulator --help 查看用法$/],
    [['emulator', '--port', 'x'], /--port 的值是 "x"；应为 0 到 65535 的数字/],
    [['emulator', '--app', 'x'], /--app 的格式应为 appid:secret/],
    [['emulator', '--port'], /--port 需要一个值/],
    [['doctor', '--json=1'], /--json 不带值/],
    [['doctor', 'x'], /有一个参数不属于任何选项/],
    [['doctor', '--login', 'x'], /--login 的值是 "x"；应为路径/],
    [['doctor', '--url', 'x'], /--url 应为 http: 或 https: 地址/],
    [['doctor', '--timeout', 'x'], /--timeout 的值是 "x"；应为 1 到 50000 之间的毫秒数/],
    [['doctor', '--verification-file', '..'], /--verification-file 的值是 "\.\."；应为文件名/],
    [['doctor', '--env-file', '/nowhere'], /--env-file 的值是 "\/nowhere"，无法读取（ENOENT）/],
    [['doctor', '--app-secret', '-'], /标准输入里没有对应的那一行/],
  ])('prints errors in the language of the locale: %j', async (args, words) => {
    const [status, text] = await runCommand(args, CHINESE);
    expect(status).toBe(2);
    expect(text).toMatch(words);
  });

  it('prints errors and help in the language of --lang', async () => {
    expect((await runCommand(['doctor', '--help', '--lang', 'zh']))[1]).toMatch(/^用法：/);
    expect((await runCommand(['doctor', '--help', '--lang=en'], CHINESE))[1]).toMatch(/^Usage: /);
    expect((await runCommand(['doctor', '--lang', 'zh', '--login', 'x']))[1]).toMatch(/应为路径/);
    expect((await runCommand(['doctor', '--help', '--lang', 'zh', '--lang', 'en']))[1]).toMatch(/^Usage: /);
    expect((await runCommand(['doctor', '--help', '--lang=en', '--lang=zh']))[1]).toMatch(/^用法：/);
    expect((await runCommand(['emulator', '--help', '--lang', 'zh']))[1]).toMatch(/^用法：/);
    expect((await runCommand(['emulator', '--lang', 'zh', '--port', 'x']))[1]).toMatch(/--port 的值是/);
    expect((await runCommand(['emulator', '--lang', 'fr'], CHINESE))[1]).toMatch(/应为 zh 或 en/);
    expect((await runCommand(['doctor', '--lang', 'fr'], CHINESE))[1]).toMatch(
      /--lang 的值是 "fr"；应为 zh 或 en/,
    );
  });

  it('runs the emulator in Chinese', async () => {
    const lines: string[] = [];
    let stop = (): void => undefined;
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    const status = run(['emulator', '--port', '0'], {
      env: CHINESE,
      out: (line) => {
        lines.push(line);
        if (line.includes('Ctrl+C')) stop();
      },
      err: (line) => lines.push(line),
      stopped,
    });
    expect(await status).toBe(0);
    expect(lines[0]).toMatch(/^微信模拟器：http:\/\/127\.0\.0\.1:\d+\n\n请将以下内容写入应用的 \.env 文件/);
    expect(lines.at(-1)).toBe('\n按 Ctrl+C 停止。');
  });

  it('refuses to run the emulator in production, in Chinese', async () => {
    const [status, text] = await runCommand(['emulator'], { ...CHINESE, NODE_ENV: 'production' });
    expect(status).toBe(2);
    expect(text).toMatch(/NODE_ENV 为 production/);
  });
});
