/**
 * Node's own timers, taken when this file is loaded. The tests of an app may replace the global ones later
 * (`useFakeTimers()` of Jest): a time limit would then never end, and a login would wait for ever.
 */
import nodeTimers from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';

type NextTick = <Parameters extends unknown[]>(
  work: (...parameters: Parameters) => void,
  ...parameters: Parameters
) => void;

export const timers = {
  setTimeout: nodeTimers.setTimeout,
  clearTimeout: nodeTimers.clearTimeout,
  setInterval: nodeTimers.setInterval,
  clearInterval: nodeTimers.clearInterval,
  nextTick: process.nextTick.bind(process) as NextTick,
  sleep,
};
