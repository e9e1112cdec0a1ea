/**
 * Callbacks of code that may call them more than once, or throw after it has called them.
 */

/** The same callback, which ignores all calls but the first. */
export const once = <Values extends ReadonlyArray<unknown>>(
  run: (...values: Values) => void
): (...values: Values) => void => {
  let isOver = false
  return (...values) => {
    if (isOver) return
    isOver = true
    run(...values)
  }
}
