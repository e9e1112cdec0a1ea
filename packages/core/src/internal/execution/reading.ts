/**
 * Reads the answers that are there before a late timer takes effect: after a stall of the event loop, timers fire before the
 * sockets are read.
 */
import type { Environment } from "../run/environment.ts"

/** Returns true if a timer that was due at a time fires later, in milliseconds. A virtual clock is exact, a real one is late. */
export const isBehind = (now: number, due: number): boolean => now - due >= exact

/**
 * Calls back when the event loop has read what was there. Each of its turns reads a part: two turns in which the number of
 * those that wait for an answer does not fall are the end, and so is the moment at which there are none.
 */
export const onceRead = (environment: Environment, waiting: () => number, then: () => void): void =>
  read(environment, waiting, then, Number.POSITIVE_INFINITY, 0)

const read = (
  environment: Environment,
  waiting: () => number,
  then: () => void,
  before: number,
  idleTurns: number
): void => {
  const left = waiting()
  if (left === 0 || idleTurns >= 2) return then()
  const idle = left < before ? 0 : idleTurns + 1
  environment.dispatcher.scheduleTask(() => read(environment, waiting, then, left, idle), 0)
}

// Milliseconds: what a sum of them may lose.
const exact = 0.001
