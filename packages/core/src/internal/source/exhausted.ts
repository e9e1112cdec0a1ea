/**
 * Iterators that a run has read to their end, or closed. Another run would find nothing in them, and take that for success.
 */
const exhausted = new WeakSet<object>()

/**
 * Returns true if a source is an iterator that a run has been through with. It may be one that begins again, or has more to give: only
 * if it yields nothing is it exhausted.
 */
export const isExhausted = (source: object): boolean => exhausted.has(source)

/** Notes that a run is through with an iterator. Nothing is noted of a source that makes a new one for each run. */
export const markExhausted = (source: object, iterator: object | undefined): void => {
  if (iterator === source) exhausted.add(source)
}

/** Message about an exhausted source, with what to pass instead. */
export const exhaustedMessage = "another run has exhausted this iterator; pass an array, or an iterable that makes a " +
  "new iterator each time, such as { [Symbol.iterator]: generatorFunction }"
