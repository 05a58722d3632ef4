// The table: every fault, at every call, in every step; and how it is run through.
import vm from 'node:vm';
import { FULL } from '../support/full';
import { HOSTS, type HostName } from '../support/hosts';
import { SESSION_NAMES, type SessionName } from '../support/sessions';
import { loginCase, pageCase } from './cases';
import { faultsOf, type Fault } from './faults';
import type { Wire } from './faulty-wechat';
import { Lane, type Client } from './fault-fixture';
import { endOfLogin, type Attempt, type Call } from './rules';
import type { LoginStep, PageStep } from './steps';

export type Step = LoginStep | PageStep;

interface Case {
  readonly name: string;
  readonly call: Call;
  readonly fault: string;
  readonly wire: Wire;
  readonly session: SessionName;
  readonly client: Client;
  readonly attempt: Attempt;
  /** How a login is to end. */
  readonly ends: string;
  readonly run: (lane: Lane) => Promise<void>;
}

const ATTEMPTS: readonly Attempt[] = ['the first callback', 'after the one restart'];
const CLIENTS: readonly Client[] = ['browser', 'XHR'];
const WIRES: readonly Wire[] = ['http', 'tls'];
/** A case that takes longer hangs. */
const HANGS_MS = 20_000;

const isLogin = (step: Step): step is LoginStep => 'flow' in step;

function faultsAt(step: Step, call: Call): readonly Fault[] {
  const meets = {
    logins: isLogin(step),
    'logins with consent': isLogin(step) && (step.asks ?? step.scope) !== 'snsapi_base',
    'known users': !isLogin(step) && step.through === 'the token keeper',
  };
  return faultsOf(call).filter(({ only }) => only === undefined || meets[only]);
}

/** Nothing but a login is restarted; and not one that onLogin refused. */
function attemptsOf(step: Step): readonly Attempt[] {
  return isLogin(step) && !step.onLogin ? ATTEMPTS : ATTEMPTS.slice(0, 1);
}

/** The attempts take turns from fault to fault, and the other way round in the next step: all steps together try both. */
function attemptsAt(step: Step, nth: number, at: number): readonly Attempt[] {
  const attempts = attemptsOf(step);
  return FULL || attempts.length === 1 ? attempts : attempts.filter((_, which) => which === (at + nth) % 2);
}

/** How many cases a step has: faults times attempts, for each call that is made to fail. */
export function sizeOf(step: Step): number {
  const faults = step.failing.map((call) => faultsAt(step, call).length);
  return faults.reduce((sum, each) => sum + each, 0) * (FULL ? attemptsOf(step).length : 1);
}

/** Sessions and clients take turns: each way to end meets all four pairs of them. `nth` is the step's place in its list. */
export function casesOf(step: Step, nth: number): Case[] {
  return step.failing.flatMap((call) =>
    faultsAt(step, call).flatMap((fault, at): Case[] =>
      attemptsAt(step, nth, at).map((attempt) => {
        const turn = ATTEMPTS.indexOf(attempt);
        // Pairs of faults, where the attempts take turns within a pair.
        const pair = attemptsOf(step).length === 1 || FULL ? at : at >> 1;
        const session = SESSION_NAMES[(pair + turn) % 2] ?? 'cookie-session';
        const client = CLIENTS[((pair >> 1) + turn) % 2] ?? 'browser';
        return {
          call,
          fault: fault.name,
          session,
          client,
          attempt,
          wire: 'door' in fault.by ? 'tls' : 'http',
          name: [session, call, fault.name, ...(isLogin(step) ? [attempt, client] : [])].join(', '),
          ends: endOfLogin(fault, call, attempt).ends,
          run: (lane) =>
            isLogin(step)
              ? loginCase(lane, { step, call, fault, attempt, client })
              : pageCase(lane, { step, call, fault }),
        };
      }),
    ),
  );
}

class Hangs extends Error {}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Hangs(`no end within ${HANGS_MS} ms`)), HANGS_MS);
  });
  await Promise.race([late, work]).finally(() => clearTimeout(timer));
}

export interface Outcome {
  readonly ran: number;
  readonly failures: readonly string[];
}

/** One case after the other, for they share a WeChat and a user. */
async function runLane(step: Step, cases: readonly Case[], host: HostName): Promise<Outcome> {
  const [first] = cases;
  const failures: string[] = [];
  if (!first) return { ran: 0, failures };
  const lane = await Lane.open({ step, session: first.session, wire: first.wire, host });
  let ran = 0;
  for (const { name, run } of cases) {
    ran += 1;
    try {
      await inTime(run(lane));
    } catch (error) {
      failures.push(`${name} (${host}): ${error instanceof Error ? error.message : String(error)}`);
      if (error instanceof Hangs) break;
    }
  }
  await lane.close();
  return { ran, failures };
}

/** Both sessions, with TLS and without, side by side; every framework has its turn. */
export async function runThrough(step: Step, nth: number): Promise<Outcome> {
  const cases = casesOf(step, nth);
  const lanes = SESSION_NAMES.flatMap((session) => WIRES.map((wire) => ({ session, wire })));
  const outcomes = await Promise.all(
    lanes.map((lane, at) =>
      runLane(
        step,
        cases.filter(({ session, wire }) => session === lane.session && wire === lane.wire),
        HOSTS[(nth + at) % HOSTS.length] ?? 'Connect',
      ),
    ),
  );
  return {
    ran: outcomes.reduce((sum, { ran }) => sum + ran, 0),
    failures: outcomes.flatMap(({ failures }) => failures),
  };
}

/** The process itself: Jest gives tests a copy, which hears nothing of what Node has to say. */
const node = vm.runInThisContext('process') as NodeJS.Process;

/** What is said on the console meanwhile: the codes of our own warnings, and whatever Node warns of. */
export function listen(): { readonly warnings: (string | undefined)[]; readonly ofNode: string[] } {
  const said: ReturnType<typeof listen> = { warnings: [], ofNode: [] };
  const hear = (warning: Error): void => void said.ofNode.push(String(warning));
  beforeAll(() => {
    node.on('warning', hear);
    jest.spyOn(process, 'emitWarning').mockImplementation(((_text: string, { code }: { code?: string }) => {
      said.warnings.push(code);
    }) as typeof process.emitWarning);
    // The shortest pause before a call is repeated.
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  beforeEach(() => {
    said.warnings.length = 0;
    said.ofNode.length = 0;
  });
  afterAll(() => {
    node.off('warning', hear);
    jest.restoreAllMocks();
  });
  return said;
}
