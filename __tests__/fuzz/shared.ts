// What the random logins of the model and the random attacks share.
import fc from 'fast-check';
import type { CookieJar } from 'tough-cookie';

/** How many random sequences a test plays. */
export const RUNS = Number(process.env['WECHAT_FUZZ_RUNS'] ?? 10);
const SEED = process.env['WECHAT_FUZZ_SEED'];
const PATH = process.env['WECHAT_FUZZ_PATH'];

/** Whether the environment names one sequence to replay. */
export const IS_REPLAY = PATH !== undefined;

/** The sequence that the environment names, for fast-check. */
export const REPLAY = {
  ...(SEED !== undefined && { seed: Number(SEED) }),
  ...(PATH !== undefined && { path: PATH }),
};

/** The sequence that failed, how to replay it in this test of a file, and further lines. */
export async function reportOf<T>(
  details: fc.RunDetails<T>,
  { file, test }: { readonly file: string; readonly test: string },
  ...more: readonly string[]
): Promise<string> {
  const { seed, counterexamplePath, errorInstance } = details;
  const variables = `WECHAT_FUZZ_SEED=${seed} WECHAT_FUZZ_PATH=${counterexamplePath ?? ''}`;
  return [
    await fc.asyncDefaultReportMessage(details),
    `To replay it: ${variables} npx jest __tests__/fuzz/${file} -t '${test}'`,
    ...more,
    String(errorInstance),
  ].join('\n\n');
}

/** An arbitrary action: `do` names it, and its fields are arbitrary. */
export function action<const Name extends string, T extends object>(
  name: Name,
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
): fc.Arbitrary<{ do: Name } & T> {
  return fc.record(fields).map((values) => ({ do: name, ...(values as T) }));
}

/** The entry this far back from the latest one. */
export function at<T>(list: readonly T[], back: number): T | undefined {
  return list.at(-1 - back);
}

export function copyOf(jar: CookieJar): CookieJar {
  const copy = jar.cloneSync();
  if (!copy) throw new Error('the cookies cannot be copied');
  return copy;
}
