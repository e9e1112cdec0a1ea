/** The errors that clients of the application see. */
import { type CqlError, Outcome } from "@effect-cql/core"
import { Effect, Schema } from "effect"
import { Email, PostId, UserId } from "./tables.ts"

export class UserNotFound extends Schema.TaggedError<UserNotFound>()(
  "UserNotFound",
  { id: UserId },
  { httpApiStatus: 404 }
) {}

export class PostNotFound extends Schema.TaggedError<PostNotFound>()(
  "PostNotFound",
  { id: PostId },
  { httpApiStatus: 404 }
) {}

export class EmailTaken extends Schema.TaggedError<EmailTaken>()(
  "EmailTaken",
  { email: Email },
  { httpApiStatus: 409 }
) {}

/** The database did not answer as it should. `outcome` says whether the request may have changed something. */
export class Unavailable extends Schema.TaggedError<Unavailable>()(
  "Unavailable",
  { reason: Schema.String, outcome: Outcome.Outcome },
  { httpApiStatus: 503 }
) {}

export class NotReady extends Schema.TaggedError<NotReady>()(
  "NotReady",
  { reason: Schema.String },
  { httpApiStatus: 503 }
) {}

/** Logs a failed statement, and shows its failure to the client without its text. */
export const unavailable = (error: CqlError): Effect.Effect<never, Unavailable> =>
  Effect.andThen(
    Effect.logWarning(error.message),
    Effect.fail(new Unavailable({ reason: error.reason._tag, outcome: error.outcome }))
  )
