/**
 * Tracks exhausted iterators, so that a second run over one fails instead of succeeding with no statements.
 */
const exhausted = new WeakSet<object>()

/**
 * Returns true if a run has finished with this iterator. The iterator may have restarted, or have further items: it is
 * exhausted only if it yields nothing.
 */
export const isExhausted = (source: object): boolean => exhausted.has(source)

/**
 * Records that a run has finished with an iterator. A source that makes a new iterator for each run is not recorded.
 */
export const markExhausted = (source: object, iterator: object | undefined): void => {
  if (iterator === source) exhausted.add(source)
}

/** Message about an exhausted source, with what to pass instead. */
export const exhaustedMessage = "another run has exhausted this iterator; pass an array, or an iterable that makes a " +
  "new iterator each time, such as { [Symbol.iterator]: generatorFunction }"
