import vm from 'node:vm';

// Jest's own runtime has replaced the function before this file was compiled.
const compile = vm.compileFunction as (
  code: string,
  parameters: readonly string[],
  options: { filename: string; parsingContext: vm.Context },
) => (...values: unknown[]) => unknown;

function run(code: string, parsingContext: vm.Context = vm.createContext({})): unknown {
  return compile(code, ['first', 'second'], { filename: '/a/file.js', parsingContext })(1, 2);
}

describe('a file that is compiled once for all suites', () => {
  const COUNT = 'globalThis.count = (globalThis.count ?? 0) + first + second; return globalThis.count;';

  test('runs in the global scope of each suite', () => {
    const [one, other] = [vm.createContext({}), vm.createContext({})];
    expect([run(COUNT, one), run(COUNT, one), run(COUNT, other)]).toEqual([3, 6, 3]);
  });

  test('is compiled again if its code has changed', () => {
    expect([run('return first;'), run('return second;')]).toEqual([1, 2]);
  });

  test('may end with a comment, and keeps its lines and columns', () => {
    const stackOf = (code: string): unknown => run(`${code} return new Error('here').stack; // the end`);
    expect(stackOf('')).toMatch(/\/a\/file\.js:1:9\s/);
    expect(stackOf('\n\n')).toMatch(/\/a\/file\.js:3:9\s/);
  });
});
