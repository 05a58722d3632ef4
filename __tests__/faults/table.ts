// The table of cases: every fault, at every call, in every step; and the code that runs them.
import vm from 'node:vm';
import { isPrinted, type Call, type ErrorKind } from '../support/contract';
import { FULL } from '../support/full';
import { HOSTS, type HostName } from '../support/hosts';
import { SESSION_NAMES, type SessionName } from '../support/sessions';
import { endWithOnLogin, loginCase, pageCase } from './cases';
import { endOfLogin, type Attempt, type LoginEnd } from './expectations';
import { FaultFixture, type Client } from './fault-fixture';
import { faultsOf, type Fault } from './faults';
import { TRANSPORTS, type Transport } from './faulty-wechat';
import type { LoginStep, PageStep } from './steps';

export type Step = LoginStep | PageStep;

export interface Case {
  readonly name: string;
  readonly call: Call;
  readonly fault: string;
  readonly transport: Transport;
  readonly session: SessionName;
  readonly client: Client;
  readonly attempt: Attempt;
  /** How a login must end. */
  readonly ends: string;
  /** The kind that the console names; `undefined` if it stays silent. */
  readonly printed: ErrorKind | undefined;
  readonly run: (fixture: FaultFixture) => Promise<void>;
}

const ATTEMPTS: readonly Attempt[] = ['the first callback', 'after the one restart'];
const CLIENTS: readonly Client[] = ['browser', 'XHR'];
/** A case that takes longer counts as hanging. */
const CASE_TIMEOUT_MS = 20_000;

const isLogin = (step: Step): step is LoginStep => 'flow' in step;

function faultsAt(step: Step, call: Call): readonly Fault[] {
  const applies = {
    logins: isLogin(step),
    'logins with consent': isLogin(step) && (step.asks ?? step.scope) !== 'snsapi_base',
    'stored tokens': !isLogin(step) && step.usesStoredToken,
  };
  return faultsOf(call).filter(({ only }) => only === undefined || applies[only]);
}

/** Only a login restarts, and an error in onLogin refuses it instead. */
function attemptsOf(step: Step): readonly Attempt[] {
  return isLogin(step) && !step.onLogin ? ATTEMPTS : ATTEMPTS.slice(0, 1);
}

/**
 * The attempts alternate from fault to fault, and start the other way round in the next step: all steps
 * together try every fault at both attempts. WECHAT_TESTS=full tries both in each step.
 */
function attemptsAt(step: Step, stepIndex: number, faultIndex: number): readonly Attempt[] {
  const attempts = attemptsOf(step);
  if (FULL || attempts.length === 1) return attempts;
  return attempts.filter((_, which) => which === (faultIndex + stepIndex) % 2);
}

/** How many cases a step has: faults times attempts, for each call that is made to fail. */
export function sizeOf(step: Step): number {
  const faults = step.failing.map((call) => faultsAt(step, call).length);
  return faults.reduce((sum, each) => sum + each, 0) * (FULL ? attemptsOf(step).length : 1);
}

/**
 * Sessions and clients take turns among the cases with the same expected end, so that each end occurs with
 * all four pairs of them.
 */
export function casesOf(step: Step, stepIndex: number): Case[] {
  const turns = new Map<string, number>();
  return step.failing.flatMap((call) =>
    faultsAt(step, call).flatMap((fault, faultIndex): Case[] =>
      attemptsAt(step, stepIndex, faultIndex).map((attempt) => {
        const end = endOfLogin(fault, call, attempt);
        const { ends } = end;
        const turn = turns.get(attempt + ends) ?? 0;
        turns.set(attempt + ends, turn + 1);
        const session = SESSION_NAMES[turn % 2] ?? 'cookie-session';
        const client = CLIENTS[(turn >> 1) % 2] ?? 'browser';
        return {
          call,
          fault: fault.name,
          session,
          client,
          attempt,
          transport: 'connection' in fault.injection ? 'tls' : 'http',
          name: [session, call, fault.name, ...(isLogin(step) ? [attempt, client] : [])].join(', '),
          ends,
          printed: printedAt(step, fault, call, end),
          run: (fixture) =>
            isLogin(step)
              ? loginCase(fixture, { step, call, fault, attempt, client })
              : pageCase(fixture, { step, call, fault }),
        };
      }),
    ),
  );
}

class CaseTimeout extends Error {}

async function withinTimeout(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new CaseTimeout(`the case did not end within ${CASE_TIMEOUT_MS} ms`)),
      CASE_TIMEOUT_MS,
    );
  });
  await Promise.race([late, work]).finally(() => clearTimeout(timer));
}

export interface StepResult {
  readonly ran: number;
  readonly failures: readonly string[];
}

/** Runs the cases one after another, because they share a WeChat and a user. */
async function runCases(step: Step, cases: readonly Case[], host: HostName): Promise<StepResult> {
  const [first] = cases;
  const failures: string[] = [];
  if (!first) return { ran: 0, failures };
  const { session, transport } = first;
  const fixture = await FaultFixture.open({ step, session, transport, host });
  let ran = 0;
  for (const { name, run } of cases) {
    ran += 1;
    try {
      await withinTimeout(run(fixture));
    } catch (error) {
      failures.push(`${name} (${host}): ${error instanceof Error ? error.message : String(error)}`);
      if (error instanceof CaseTimeout) break;
    }
  }
  await fixture.close();
  return { ran, failures };
}

/** How many apps of a step, one for each session and transport, print a warning of this kind. */
export function appsThatPrint(kind: string, cases: readonly Case[]): number {
  const apps = cases.filter(({ printed }) => printed === kind);
  return new Set(apps.map(({ session, transport }) => `${session}, ${transport}`)).size;
}

/** Runs a step: one fixture for each session and transport, all in parallel; the frameworks take turns. */
export async function runStep(step: Step, stepIndex: number): Promise<StepResult> {
  const cases = casesOf(step, stepIndex);
  const fixtures = SESSION_NAMES.flatMap((session) =>
    TRANSPORTS.map((transport) => ({ session, transport })),
  );
  const results = await Promise.all(
    fixtures.map((fixture, fixtureIndex) =>
      runCases(
        step,
        cases.filter(
          ({ session, transport }) => session === fixture.session && transport === fixture.transport,
        ),
        HOSTS[(stepIndex + fixtureIndex) % HOSTS.length] ?? 'Connect',
      ),
    ),
  );
  return {
    ran: results.reduce((sum, { ran }) => sum + ran, 0),
    failures: results.flatMap(({ failures }) => failures),
  };
}

/** The real process: Jest gives its tests a copy, which receives none of Node's warnings. */
const node = vm.runInThisContext('process') as NodeJS.Process;

/** The kind that the console names when a case ends so; `undefined` for none. */
function printedAt(step: Step, fault: Fault, call: Call, end: LoginEnd): ErrorKind | undefined {
  if (!isLogin(step)) return undefined;
  if (step.onLogin) {
    const own = endWithOnLogin(fault, call);
    return own.ends === 'refused' && own.kind === 'login_failed' ? own.kind : undefined;
  }
  return end.ends === 'refused' && isPrinted(end.kind, fault.errcode) ? end.kind : undefined;
}

interface RecordedWarnings {
  /** Code and kind of each warning of the library. */
  readonly ours: string[];
  /** The whole texts of these warnings. */
  readonly texts: string[];
  /** The texts of Node's own warnings. */
  readonly ofNode: string[];
}

/** Records the warnings of a test file. */
export function recordWarnings(): RecordedWarnings {
  const recorded: RecordedWarnings = { ours: [], texts: [], ofNode: [] };
  const onWarning = (warning: Error): void => void recorded.ofNode.push(String(warning));
  beforeAll(() => {
    node.on('warning', onWarning);
    jest.spyOn(process, 'emitWarning').mockImplementation(((
      text: string,
      { code = '' }: { code?: string },
    ) => {
      recorded.ours.push(`${code} ${text.replace(/:.*/s, '')}`);
      recorded.texts.push(text);
    }) as typeof process.emitWarning);
    // The shortest delay before a call is repeated.
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  beforeEach(() => {
    for (const list of Object.values(recorded) as string[][]) list.length = 0;
  });
  afterAll(() => {
    node.off('warning', onWarning);
    jest.restoreAllMocks();
  });
  return recorded;
}
