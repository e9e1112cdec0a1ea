/**
 * Hint for a failure that was not retried only because the statement is not known to be idempotent.
 */
import * as Effect from "effect/Effect"
import type { CqlError } from "../../CqlError.ts"
import { isRetryable } from "../reasons.ts"
import type { Environment } from "../run/environment.ts"
import type { Executable } from "../statement/input.ts"

/** Logs it, once for each text that bears no mark. */
export const hintAtIdempotence = (
  environment: Environment,
  { options, text }: Executable,
  error: CqlError
): void => {
  const lacks = !error.isRetryable && isRetryable(error.reason, error.outcome, true)
  if (!lacks || options.idempotent !== undefined || !environment.session.isFirstOf(text)) return
  environment.fork(
    Effect.logInfo(
      `${error.reason._tag} is not retried, because executing this statement twice may change the result: ${text}. ` +
        "Mark it { idempotent: true } if it is safe to execute twice."
    )
  )
}
