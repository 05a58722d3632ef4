import { BoundedMap } from '../../../lib/emulator/world/bounded-map';

function keysOf(map: BoundedMap<string>): string {
  return [...map.values()].join(' ');
}

function createMap(max: number): { map: BoundedMap<string>; dropped: string[]; add: (keys: string) => void } {
  const dropped: string[] = [];
  const map = new BoundedMap<string>(max, (value) => dropped.push(value));
  const add = (keys: string): void => {
    for (const key of keys.split(' ')) map.set(key, key);
  };
  return { map, dropped, add };
}

describe('BoundedMap', () => {
  it('drops the oldest entry when it is full', () => {
    const { map, dropped, add } = createMap(3);
    add('a b c d e');
    expect([keysOf(map), dropped.join(' ')]).toEqual(['c d e', 'a b']);
    expect([map.get('a'), map.get('e')]).toEqual([undefined, 'e']);
  });

  it('counts an entry that is set again as new', () => {
    const { map, dropped, add } = createMap(3);
    add('a b c d');
    add('b e');
    expect([keysOf(map), dropped.join(' ')]).toEqual(['d b e', 'a c']);
  });

  it('goes on after entries were deleted, and after it was cleared', () => {
    const { map, dropped, add } = createMap(3);
    add('a b c d');
    map.delete('b');
    map.delete('c');
    add('e f g');
    expect([keysOf(map), dropped.join(' ')]).toEqual(['e f g', 'a d']);
    map.clear();
    add('h i j k');
    expect([keysOf(map), dropped.join(' ')]).toEqual(['i j k', 'a d h']);
  });

  it('takes the same time for each drop, however many entries were dropped before', () => {
    const max = 50_000;
    const map = new BoundedMap<number>(max);
    let added = 0;
    const cpuOf = (count: number): number => {
      const before = process.cpuUsage();
      for (const end = added + count; added < end; added += 1) map.set(`key ${added}`, added);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const filling = cpuOf(max);
    // A map that created an iterator for each drop took 80 times as long.
    expect(cpuOf(2 * max)).toBeLessThan(20 * filling);
  });
});
