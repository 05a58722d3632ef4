import ts from 'typescript';

/** A block of TypeScript as a function of these parameters; `async` if it has `await` at its top level. */
export function asFunction(
  code: string,
  parameters: readonly string[],
  form: 'async' | '' = '',
): (...values: unknown[]) => unknown {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
    },
  });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code of our own pages
  const make = new Function(`return ${form} function (${parameters.join()}) {\n${outputText}\n};`);
  return (make as () => (...values: unknown[]) => unknown)();
}
