'use strict';

/**
 * The share of noticed mutants, in percent. A part without mutants has no score: its code or its pattern in parts.mjs
 * is wrong.
 *
 * @param {{ killed: number, timedOut: number, survived: number, notCovered: number }} counts
 * @returns {number | undefined}
 */
function scoreOf({ killed, timedOut, survived, notCovered }) {
  const noticed = killed + timedOut;
  const all = noticed + survived + notCovered;
  return all === 0 ? undefined : Number(((100 * noticed) / all).toFixed(1));
}

/**
 * Whether every part has mutants, and at least this share of them was noticed.
 *
 * @param {readonly (number | undefined)[]} scores
 * @param {number} required in percent
 */
function areHighEnough(scores, required) {
  return scores.length > 0 && scores.every((score) => score !== undefined && score >= required);
}

/**
 * The results of a run without the mutants that no test noticed. Stryker would not test a survivor again, although a
 * changed row in a table of tests may kill it now.
 *
 * @template {{ status: string }} Mutant
 * @param {{ files: Record<string, { mutants: Mutant[] }> }} results
 */
function withoutSurvivors(results) {
  const files = Object.entries(results.files).map(([name, file]) => [
    name,
    { ...file, mutants: file.mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout') },
  ]);
  return { ...results, files: Object.fromEntries(files) };
}

module.exports = { scoreOf, areHighEnough, withoutSurvivors };
