'use strict';
/**
 * Counts what code does, in two numbers that are the same on every machine:
 *
 * - operations: how often each block of this package (of dist/) and of its dependencies ran. V8 counts them.
 * - characters: the size of the values that are passed to built-in functions of JavaScript and Node, or that
 *   these return: characters of texts, entries of lists and objects. V8 does not count inside such functions.
 *   A loop that passes a whole text to one in every turn shows up here.
 *
 * Load this file before the code to be counted: V8 counts only blocks of scripts that it compiles afterwards.
 */
const crypto = require('node:crypto');
const { Session } = require('node:inspector');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const util = require('node:util');
const { dependencies } = require('../../../package.json');

const ROOT = path.dirname(require.resolve('../../../package.json'));
const COUNTED = [
  path.join(ROOT, 'dist'),
  require.resolve('./quadratic'),
  ...Object.keys(dependencies).map((name) => path.join(ROOT, 'node_modules', name)),
].map((name) => pathToFileURL(name).href);

/** Starts to count. The returned function returns the counts since its last call. */
function startCounting() {
  const session = new Session();
  session.connect();
  const post = (method, parameters) => {
    let result;
    session.post(method, parameters, (error, found) => {
      if (error) throw error;
      result = found;
    });
    return result;
  };
  post('Profiler.enable');
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const takeCharacters = countCharacters();
  return () => {
    const characters = takeCharacters();
    const operations = {};
    for (const { url, functions } of post('Profiler.takePreciseCoverage').result) {
      if (!COUNTED.some((each) => url === each || url.startsWith(`${each}/`))) continue;
      const file = decodeURI(url.slice(pathToFileURL(ROOT).href.length + 1)).replace(/^dist\/|\.c?js$/g, '');
      for (const { functionName, ranges } of functions) {
        const name = `${file}: ${functionName}`;
        operations[name] = ranges.reduce((sum, { count }) => sum + count, operations[name] ?? 0);
      }
    }
    takeCharacters();
    return { operations, characters };
  };
}

const ofThis = (self) => self.length;
const ofArgument = (_self, [value]) => sizeOf(value);
const ofResult = (_self, _arguments, result) => sizeOf(result);

/**
 * What counts as the size of a call, for each built-in function. `RegExp.prototype.exec` is not replaced:
 * otherwise V8 would call the replacement for every match of a `replace()`, and each match would count the
 * whole text.
 */
const BUILTINS = [
  [String.prototype, ofThis, 'replace replaceAll split toLowerCase toUpperCase match matchAll search trim'],
  [String.prototype, ofThis, 'normalize includes indexOf lastIndexOf'],
  [String.prototype, ofArgument, 'startsWith endsWith'],
  [String.prototype, ofResult, 'slice substring repeat padStart padEnd'],
  [Array.prototype, ofThis, 'includes indexOf join slice concat some every find filter map flatMap'],
  [Array.prototype, ofThis, 'shift splice sort fill'],
  [RegExp.prototype, ofArgument, 'test'],
  [JSON, ofArgument, 'parse'],
  [JSON, ofResult, 'stringify'],
  [Object, ofArgument, 'entries keys values fromEntries'],
  [globalThis, ofArgument, 'encodeURIComponent decodeURIComponent encodeURI decodeURI'],
  [Buffer, ofArgument, 'from byteLength concat'],
  [Buffer.prototype, ofThis, 'toString'],
  [crypto.Hash.prototype, ofArgument, 'update'],
  [URL, ofArgument, 'canParse'],
  [util, ofResult, 'inspect'],
];

const keysOf = Object.keys;

function sizeOf(value) {
  if (typeof value === 'string' || Array.isArray(value) || ArrayBuffer.isView(value)) return value.length;
  return typeof value === 'object' && value !== null ? keysOf(value).length : 1;
}

function countCharacters() {
  let characters = 0;
  for (const [owner, size, names] of BUILTINS) {
    for (const name of names.split(' ')) {
      const builtin = owner[name];
      const counting = function (...parameters) {
        const result = Reflect.apply(builtin, this, parameters);
        characters += size(this, parameters, result);
        return result;
      };
      Object.defineProperty(owner, name, {
        ...Object.getOwnPropertyDescriptor(owner, name),
        value: Object.defineProperties(counting, Object.getOwnPropertyDescriptors(builtin)),
      });
    }
  }
  for (const name of ['URL', 'URLSearchParams']) {
    globalThis[name] = new Proxy(globalThis[name], {
      construct(target, parameters, newTarget) {
        characters += sizeOf(parameters[0]);
        return Reflect.construct(target, parameters, newTarget);
      },
    });
  }
  return () => {
    const counted = characters;
    characters = 0;
    return counted;
  };
}

module.exports = { startCounting };
