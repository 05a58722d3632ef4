'use strict';
// Functions whose work grows with the square of the text, to test operation-counter.js.

/** The work is in the function's own code. */
function countPairs(text) {
  let pairs = 0;
  for (const one of text) for (const other of text) if (one === other) pairs += 1;
  return pairs;
}

/** The work is in a built-in function. */
function countMissing(text) {
  let missing = 0;
  for (let at = 0; at < text.length; at++) if (!text.includes('missing')) missing += 1;
  return missing;
}

module.exports = { countPairs, countMissing };
