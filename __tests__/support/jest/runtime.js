'use strict';

const vm = require('node:vm');

/** File name → its compiled code. */
const compiled = new Map();

/**
 * Compiles a file once for each process of Jest. Jest itself compiles a file again for each suite that loads it:
 * Express, the library, and the helpers of the tests more than a hundred times. Each suite still runs the code
 * by itself, in its own global scope, so that suites share no state.
 *
 * Takes the place of `vm.compileFunction`, by which Jest compiles files. Unlike there, `import()` in such a file
 * always fails: Jest supports it only with `--experimental-vm-modules`, which these tests do not use.
 */
function compileOnce(code, parameters, { filename, parsingContext }) {
  const head = `(function (${parameters.join(', ')}) {`;
  let known = compiled.get(filename);
  if (known?.code !== code || known.head !== head) {
    // The offset keeps the columns in the first line of the file, for stack traces.
    const script = new vm.Script(`${head}${code}\n})`, { filename, columnOffset: -head.length });
    known = { code, head, script };
    compiled.set(filename, known);
  }
  return known.script.runInContext(parsingContext);
}

vm.compileFunction = compileOnce;

module.exports = require('jest-runtime');
