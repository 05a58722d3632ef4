import { lazyCache } from '../lib/lazy-cache';

describe('a lazy cache', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('keeps `max` entries, and drops the one that was used least recently', () => {
    const cache = lazyCache<string>({ max: 2 })();
    cache.set('a', '1');
    cache.set('b', '2');
    cache.get('a');
    cache.set('c', '3');
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual(['1', undefined, '3']);
  });

  it('drops an entry after its time, without a timer', () => {
    jest.useFakeTimers();
    const cache = lazyCache<string>({ max: 2, ttl: 1_000 })();
    cache.set('a', '1');
    expect(cache.get('a')).toBe('1');
    expect(jest.getTimerCount()).toBe(0);
    jest.setSystemTime(Date.now() + 1_001);
    expect(cache.get('a')).toBeUndefined();
  });
});
