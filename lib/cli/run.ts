// The command line: `run` finds the command, a command is one file. Nothing here is imported by the library.
import { doctorCommand } from './doctor/doctor-command';
import { emulatorCommand } from './emulator-command';
import { UsageError, type Command, type Terminal } from './terminal';

const commands = new Map<string, Command>([
  ['emulator', emulatorCommand],
  ['doctor', doctorCommand],
]);

const HELP = `Usage: express-wechat-auth <command> [options]

Commands:
  emulator   run a WeChat of your own on this machine
  doctor     check a configuration, the way to WeChat, and a running app

express-wechat-auth <command> --help tells more.`;

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs one command; resolves to the exit status and never rejects. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.out(HELP);
    return name === undefined ? 2 : 0;
  }
  const command = commands.get(name);
  try {
    if (!command)
      throw new UsageError(
        `Unknown command ${JSON.stringify(name)}; there is ${[...commands.keys()].join(', ')}`,
      );
    return await command(rest, terminal);
  } catch (error) {
    terminal.err(`express-wechat-auth: ${describe(error)}`);
    if (!(error instanceof UsageError)) return 1;
    terminal.err(`Try express-wechat-auth ${command ? `${name} ` : ''}--help`);
    return 2;
  }
}
