/**
 * Servers without a server: what calls back for each statement.
 *
 * Every contender is answered by the same one, so that its cost is the same for all and can be taken off.
 */

/** Calls back once a statement has been answered. */
export type Answer = (answered: () => void) => void

/** Answers each statement on the next turn of the event loop, by a callback of its own. */
export const nextTick: Answer = (answered) => {
  setImmediate(answered)
}

/** Answers all statements of a turn together on the next, as those are whose answers came in one read of a socket. */
export const batched = (): Answer => {
  let waiting: Array<() => void> = []
  const answerAll = () => {
    const all = waiting
    waiting = []
    for (let index = 0; index < all.length; index++) all[index]!()
  }
  return (answered) => {
    if (waiting.push(answered) === 1) setImmediate(answerAll)
  }
}
