/** The command line: `run` finds the command by its name. No file of the library imports this folder. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { printable } from '../printable';
import { bilingual, languageOf, type Bilingual, type Language } from './bilingual';
import { doctorCommand } from './doctor/doctor-command';
import { emulatorCommand } from './emulator/emulator-command';
import { CommandError, UsageError, type Command, type Terminal } from './terminal';

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['emulator', emulatorCommand],
  ['doctor', doctorCommand],
]);

/** Runs one command. Resolves to the exit status, and never rejects. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  const language = languageOf(terminal.env, rest);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.out(HELP[language]);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    terminal.out(version());
    return 0;
  }
  try {
    const command = COMMANDS.get(name);
    if (!command) throw new UsageError(TEXTS.unknownCommand(name));
    return await command(rest, terminal, language);
  } catch (error) {
    terminal.err(`express-wechat-auth: ${messageOf(error, language)}`);
    if (!(error instanceof UsageError)) return 1;
    terminal.err(TEXTS.seeHelp(COMMANDS.has(name) ? `${name} --help` : '--help')[language]);
    return 2;
  }
}

function messageOf(error: unknown, language: Language): string {
  const message = error instanceof Error ? error.message : String(error);
  const lines = (error instanceof CommandError ? error.text[language] : message).split('\n');
  return lines.map((line) => printable(line)).join('\n');
}

function version(): string {
  const file = path.join(__dirname, '../../package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

const HELP: Bilingual = bilingual(
  `Usage: express-wechat-auth <command> [options]

Commands:
  emulator   run a local WeChat on this machine
  doctor     check a configuration, the network to WeChat, and a running app

Options:
  --version  print the version
  --help     print this help

express-wechat-auth <command> --help lists the options of a command.`,
  `用法：express-wechat-auth <命令> [选项]

命令：
  emulator   在本机运行微信模拟器
  doctor     检查配置、到微信的网络以及运行中的应用

选项：
  --version  显示版本号
  --help     显示本帮助

express-wechat-auth <命令> --help 列出该命令的选项。`,
);

const TEXTS = {
  unknownCommand: (name: string) => {
    const names = [...COMMANDS.keys()];
    return bilingual(
      `Unknown command ${JSON.stringify(name)}; the commands are ${names.join(', ')}`,
      `未知命令 ${JSON.stringify(name)}；可用的命令：${names.join('、')}`,
    );
  },
  seeHelp: (args: string) =>
    bilingual(`Try express-wechat-auth ${args}`, `请用 express-wechat-auth ${args} 查看用法`),
};
