import { timers } from '../../../lib/async/timers';

/**
 * Fakes the timers of this test, and the time limits of the package with them, which otherwise use Node's own
 * timers. Undone by `jest.restoreAllMocks()` and `jest.useRealTimers()`.
 */
export function fakeTimeLimits(...alsoReal: ('Date' | 'performance')[]): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', ...alsoReal] });
  jest.spyOn(timers, 'setTimeout').mockImplementation(setTimeout);
  jest.spyOn(timers, 'clearTimeout').mockImplementation(clearTimeout);
}
