// How many rows the table of faults has. The numbers are constants, so that a test fails if a row gets lost.
// If you add a row, change the number of its group.
import { CALLS, ERROR_KINDS, errcodesOf } from '../support/contract';
import { COMMON_FAULTS, SPECIAL_FAULTS, faultsOf, fieldFaults } from './faults';

describe('the table of faults', () => {
  it('has these numbers of rows for every call', () => {
    const listedErrcodes = ERROR_KINDS.flatMap(errcodesOf).length;
    expect(Object.entries(COMMON_FAULTS).map(([group, rows]) => [group, rows.length])).toEqual([
      ['cut connections', 6],
      ['slow responses', 6],
      ['responses that are not JSON', 32],
      ['redirects', 3],
      ['responses that are not HTTP', 11],
      ['connections that fail', 10],
      // Each errcode of docs/errors.md, four that it does not list, and five malformed errors.
      ['errors of WeChat', listedErrcodes + 4 + 5],
      ['faults of one request', 5],
    ]);
    expect(listedErrcodes).toBe(33);
  });

  it('has these numbers of rows for the fields of each response, and for one call alone', () => {
    const counts = CALLS.map((call) => [call, fieldFaults(call).length, SPECIAL_FAULTS[call]?.length ?? 0]);
    expect(counts).toEqual([
      ['access_token', 53, 6],
      ['userinfo', 76, 1],
      ['refresh_token', 56, 1],
      ['auth', 13, 0],
      ['jscode2session', 26, 0],
    ]);
  });

  it.each(CALLS)('has no two rows with the same name (%s)', (call) => {
    const names = faultsOf(call).map(({ name }) => name);
    expect(names.filter((name, at) => names.indexOf(name) < at)).toEqual([]);
  });
});
