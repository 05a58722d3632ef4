'use strict';
// Functions whose work grows with the square of the text. The tests of the counter must find them.

/** In its own code. */
function countPairs(text) {
  let pairs = 0;
  for (const one of text) for (const other of text) if (one === other) pairs += 1;
  return pairs;
}

/** In a builtin. */
function countMissing(text) {
  let missing = 0;
  for (let at = 0; at < text.length; at++) if (!text.includes('missing')) missing += 1;
  return missing;
}

module.exports = { countPairs, countMissing };
