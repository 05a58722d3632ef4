/** The warnings of the library in one test. */
export interface Warning {
  readonly code: string;
  readonly message: string;
}

/** Records the warnings of each test, which are then not printed. The list is emptied before each test. */
export function useWarnings(): Warning[] {
  const warnings: Warning[] = [];
  beforeEach(() => {
    warnings.length = 0;
    jest.spyOn(process, 'emitWarning').mockImplementation(((message: string, { code }: { code: string }) => {
      warnings.push({ code, message });
    }) as typeof process.emitWarning);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  return warnings;
}
