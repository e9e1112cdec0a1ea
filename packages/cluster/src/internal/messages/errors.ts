/**
 * Errors of the storage of messages. Users get them as the cause of Effect's `PersistenceError`.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/** The longest text of a payload or of a reply, in UTF-16 units. Conditional writes send it in each of their phases. */
export const longestBody = 1_048_576

export class MessageTooLarge extends Data.TaggedError("MessageTooLarge")<{
  readonly part: string
  readonly size: number
}> {
  override get message(): string {
    return `a message could not be saved: expected ${this.part} of at most ${longestBody} characters, got ${this.size}. ` +
      `Save the data in a table of your own, and send its key.`
  }
}

export class IdCollision extends Data.TaggedError("IdCollision")<{ readonly requestId: string }> {
  override get message(): string {
    return `a message could not be saved: expected request id ${this.requestId} to be new, got one that another process ` +
      `has used. Send it again: it gets another id.`
  }
}

export class ReplyExists extends Data.TaggedError("ReplyExists")<{ readonly requestId: string }> {
  override get message(): string {
    return `a reply could not be saved: expected request ${this.requestId} to wait for it, got one that has another reply ` +
      `in its place. The other reply counts.`
  }
}

export class Unanswered extends Data.TaggedError("Unanswered")<{ readonly part: string }> {
  override get message(): string {
    return `${this.part} could not be read: expected an answer within 4 seconds, got none. It is read again.`
  }
}

/** The JSON text of a value; undefined for none. */
export const bodyOf = (part: string, value: unknown): Effect.Effect<string | undefined, MessageTooLarge> => {
  const body: string | undefined = JSON.stringify(value)
  return body !== undefined && body.length > longestBody
    ? Effect.fail(new MessageTooLarge({ part, size: body.length }))
    : Effect.succeed(body)
}
