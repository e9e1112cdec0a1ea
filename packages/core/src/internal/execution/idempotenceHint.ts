/**
 * Hint for a failure that was not retried only because the statement is not known to be idempotent.
 */
import type { CqlError } from "../../CqlError.ts"
import { isRetryable } from "../reasons.ts"
import type { Environment } from "../run/environment.ts"
import { cut, oneLine } from "../statement/abbreviate.ts"
import type { Executable } from "../statement/input.ts"
import { withoutLiterals } from "../statement/withoutLiterals.ts"
import { aboutError, aboutStatement, logOf } from "../watch/logs.ts"

const longestText = 500

/** Logs it, once for each text that bears no mark. */
export const hintAtIdempotence = (
  environment: Environment,
  executable: Executable,
  error: CqlError
): void => {
  const { session } = environment
  const { options, text } = executable
  const lacks = !error.isRetryable && isRetryable(error.reason, error.outcome, true)
  if (!lacks || options.idempotent !== undefined || !session.isFirstOf(text)) return
  environment.fork(
    logOf(
      session,
      "Info",
      `${error.reason._tag} is not retried, because executing this statement twice may change the result: ` +
        `${
          cut(oneLine(withoutLiterals(text)), longestText)
        }. Mark it { idempotent: true } if it is safe to execute twice.`,
      { ...aboutStatement(executable), ...aboutError(error) }
    )
  )
}
