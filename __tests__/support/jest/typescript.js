'use strict';

const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const path = require('node:path');

const ROOT = path.dirname(require.resolve('../../../package.json'));
const CONFIGURATION = path.join(ROOT, '__tests__/tsconfig.json');

/** What the output depends on, apart from the file itself. */
const VERSION = [
  require.resolve('./typescript.js'),
  CONFIGURATION,
  path.join(ROOT, 'tsconfig.json'),
  require.resolve('typescript/package.json'),
].map((file) => readFileSync(file, 'utf8'));

let compiler;

function loadCompiler() {
  const ts = require('typescript');
  const { config } = ts.readConfigFile(CONFIGURATION, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, files: [], include: [] },
    ts.sys,
    path.dirname(CONFIGURATION),
  );
  const compilerOptions = {
    ...options,
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    declaration: false,
    sourceMap: true,
    inlineSources: true,
  };
  return { ts, compilerOptions };
}

/**
 * Compiles TypeScript for Jest, without a check of its types. ts-jest does the same, but loads the compiler in each
 * worker, and Jest starts dozens of workers one after the other. This transformer loads it only for a file that
 * Jest's cache does not have: otherwise, a worker starts half a second earlier.
 */
module.exports = {
  getCacheKey(text, file) {
    const parts = [...VERSION, path.relative(ROOT, file), text];
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  },

  process(text, file) {
    compiler ??= loadCompiler();
    const { ts, compilerOptions } = compiler;
    const { outputText, sourceMapText, diagnostics } = ts.transpileModule(text, {
      compilerOptions,
      fileName: file,
      reportDiagnostics: true,
    });
    if (diagnostics.length > 0)
      throw new SyntaxError(ts.formatDiagnostics(diagnostics, ts.createCompilerHost(compilerOptions)));
    return { code: outputText, map: { ...JSON.parse(sourceMapText), sources: [file] } };
  },
};
