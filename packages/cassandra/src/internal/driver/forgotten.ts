/**
 * Statements that no node knows any more, because what they are on was changed or dropped.
 *
 * The driver prepares such a statement again and, where the server then says no, goes on to the next node and keeps the
 * answer to itself. In the end it tells that no host is available, and does the same with the next statement. So the
 * adapter lets it forget the statement and prepares it once more, which tells what is wrong with it now.
 */

/** Whether nothing of a request was executed, because the nodes that answered do not know its statement. */
export const isForgotten = (error: unknown): boolean => {
  if (!(error instanceof Error) || !("innerErrors" in error)) return false
  const { innerErrors } = error
  if (typeof innerErrors !== "object" || innerErrors === null) return false
  const answers: ReadonlyArray<unknown> = Object.values(innerErrors)
  return answers.some(isUnprepared) && answers.every((answer) => isUnprepared(answer) || isLeftOut(answer))
}

const unprepared = 0x2500

const isUnprepared = (error: unknown): boolean =>
  error instanceof Error && error.name === "ResponseError" && "code" in error && error.code === unprepared

// Such as "Host considered as DOWN": nothing was sent there.
const isLeftOut = (error: unknown): boolean => error === null || typeof error === "string"
