/** The example app in a process of its own. */
export interface ExampleApp {
  readonly url: string;
  /** What it printed up to its address. */
  readonly output: string;
  stop(): Promise<void>;
}

/**
 * Starts the example app on a free port. Of the variables WECHAT_…, it sees only those of `environment`:
 * without any, it starts an emulator, as it does for a newcomer.
 *
 * @param script the app; by default, that of this repository
 */
export function startExample(
  environment?: Readonly<Record<string, string>>,
  script?: string,
): Promise<ExampleApp>;
