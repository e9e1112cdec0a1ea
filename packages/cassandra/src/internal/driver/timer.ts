/**
 * Timers of what happens on the wire: nodes take their time by no virtual clock.
 */

/** Milliseconds of the longest timer. One that cannot take so many would end at once. */
export const longestTimer = 2 ** 31 - 1

/** Runs something after so many milliseconds. Returns what prevents it. */
export const after = (milliseconds: number, run: () => void): () => void => {
  // oxlint-disable-next-line no-restricted-globals -- see above
  const timer = setTimeout(run, Math.min(milliseconds, longestTimer))
  return () => clearTimeout(timer)
}

/** Milliseconds on the monotonic clock. */
// oxlint-disable-next-line no-restricted-properties -- see above
export const now = (): number => performance.now()

// A timer that is this late was kept from running.
const stall = 50

/**
 * The part of a wait that was lost because the event loop was blocked: timers run before sockets are read, so an answer that
 * arrived meanwhile is read only after this. At most the wait itself.
 */
export const lostOf = (wait: number, begun: number): number => {
  const late = now() - begun - wait
  return late > stall ? Math.min(wait, late) : 0
}

/** The same as {@link after}, and later by what is lost to a blocked event loop, so that answers are read first. */
export const afterReading = (milliseconds: number, run: () => void): () => void => {
  const begun = now()
  let cancel = after(milliseconds, () => {
    const lost = lostOf(milliseconds, begun)
    if (lost === 0) run()
    else cancel = after(lost, run)
  })
  return () => cancel()
}
