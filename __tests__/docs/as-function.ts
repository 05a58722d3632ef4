import ts from 'typescript';

/** A block of TypeScript as a function of these parameters. */
export function asFunction(code: string, parameters: readonly string[]): (...values: unknown[]) => void {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
    },
  });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code of our own pages
  return new Function(...parameters, outputText) as (...values: unknown[]) => void;
}
