/** A warning of the library. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  /** More lines, such as a stack. */
  readonly detail?: string;
}

/** Records the warnings of each test, which are then not printed. The list is emptied before each test. */
export function useWarnings(): Warning[] {
  const warnings: Warning[] = [];
  const wrong: string[] = [];
  beforeEach(() => {
    warnings.length = 0;
    wrong.length = 0;
    jest.spyOn(process, 'emitWarning').mockImplementation(((
      message: string,
      { code, type, detail }: { code: string; type: string; detail?: string },
    ) => {
      warnings.push({ code, message, ...(detail !== undefined && { detail }) });
      if (type !== 'WechatAuthWarning') wrong.push(`${code}: ${type}`);
      if (!/ [^ ]*\p{Script=Han}[^]*。$/u.test(message)) wrong.push(`${code} without Chinese: ${message}`);
      if (!detail?.includes('/docs/zh-CN/')) wrong.push(`${code} without its page`);
    }) as typeof process.emitWarning);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    expect(wrong).toEqual([]);
  });
  return warnings;
}
