/**
 * The request behind an end of open outcome, kept for whoever settles it: as it was bound, with its options resolved.
 */
import { CqlError } from "../../CqlError.ts"
import type { Request } from "../../Port.ts"
import * as Completion from "./completion.ts"

// Failures keep it in their error. The rest is rare: what was interrupted, and conditions lost after an unknown attempt.
const requests = new WeakMap<object, Request>()

/** Remembers the request of a result, and gives the result back. */
export const keeping = <Result extends object>(result: Result, request: Request | undefined): Result => {
  if (request !== undefined) requests.set(result, request)
  return result
}

/** The request of a result or of its error; nothing where somebody else has made them. */
export const requestOf = (result: { readonly error?: CqlError | undefined }): Request | undefined =>
  result.error instanceof CqlError ? Completion.requestOf(result.error) : requests.get(result)
