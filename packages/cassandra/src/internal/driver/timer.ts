/**
 * Timers of what happens on the wire: nodes take their time by no virtual clock.
 */

/** Runs something after so many milliseconds. Returns what prevents it. */
export const after = (milliseconds: number, run: () => void): () => void => {
  // oxlint-disable-next-line no-restricted-globals -- see above
  const timer = setTimeout(run, milliseconds)
  return () => clearTimeout(timer)
}

/** Milliseconds on the monotonic clock. */
// oxlint-disable-next-line no-restricted-properties -- see above
export const now = (): number => performance.now()
