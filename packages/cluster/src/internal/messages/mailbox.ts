/**
 * Reading the messages that are to be delivered.
 */
import type { CqlError } from "@effect-cql/core"
import * as Clock from "effect/Clock"
import type { EntityAddress } from "effect/cluster/EntityAddress"
import type * as Envelope from "effect/cluster/Envelope"
import type * as Reply from "effect/cluster/Reply"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"
import type { Store } from "../store.ts"
import { Claims } from "./claims.ts"
import type { Unanswered } from "./errors.ts"
import * as Pending from "./pending.ts"
import { Reads } from "./reads.ts"
import { isWaitingForAck, read, type Stored } from "./stored.ts"

export interface Message {
  readonly envelope: Envelope.Encoded
  readonly lastSentReply: Option.Option<Reply.Encoded>
}

interface Options {
  readonly limit?: number | undefined
  readonly addresses?: ReadonlyArray<EntityAddress> | undefined
}

const readsAtOnce = 32
const longestRemoval = Duration.seconds(4)
const nothing: ReadonlyMap<bigint, undefined> = new Map()

export class Mailbox {
  readonly #store: Store
  // Two reads at the same time would deliver the same messages.
  readonly #oneByOne = Semaphore.makeUnsafe(1)
  readonly #shards = new Reads<string>("the messages of shard")
  readonly #requests = new Reads<bigint>("the message")
  readonly claims = new Claims()

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * The messages of shards that are due and not claimed, in their order. Claims what it returns. A shard or a message that cannot be
   * read is left out: its messages are returned when it can be.
   */
  unprocessed(
    shards: ReadonlyArray<string>,
    now: number,
    options: Options = {}
  ): Effect.Effect<Array<Message>, CqlError | Unanswered> {
    return Effect.gen({ self: this }, function*() {
      const monotonic = yield* Clock.monotonicTimeNanos
      const addresses = options.addresses && new Set(options.addresses.map(keyOfAddress))
      const found = yield* this.#shards.all(shards, (shard) => this.#due(shard, now))
      const all = [...found.values()].flat()
      const acks = latestAcks(all)
      const candidates = all.filter((pending) =>
        !this.claims.isClaimed(pending, monotonic) &&
        (addresses === undefined || addresses.has(`${pending.shard} ${pending.entityType} ${pending.entityId}`))
      ).sort(Pending.compare)
      const messages: Array<readonly [Pending.Pending, Message]> = []
      const voids: Array<Pending.Pending> = []
      let failure: CqlError | Unanswered | undefined
      const limit = options.limit ?? Number.POSITIVE_INFINITY
      for (let at = 0; at < candidates.length && messages.length < limit; at += readsAtOnce) {
        const slice = candidates.slice(at, at + readsAtOnce)
        const stored = yield* this.#read(slice).pipe(
          Effect.catch((error) => {
            failure = error
            return Effect.succeed(nothing)
          })
        )
        for (const pending of slice) {
          if (messages.length >= limit) break
          if (!stored.has(pending.requestId)) continue
          const request = stored.get(pending.requestId)
          if (isVoid(pending, request, acks)) {
            voids.push(pending)
            continue
          }
          if (request === undefined || pending.attempt !== request.attempt || isWaitingForAck(request)) continue
          messages.push([pending, toMessage(pending, request)])
        }
      }
      if (failure !== undefined && messages.length === 0) return yield* failure
      yield* this.#remove(voids)
      for (const [pending] of messages) this.claims.claim(pending, monotonic)
      return messages.map(([, message]) => message)
    }).pipe(this.#oneByOne.withPermits(1))
  }

  /** The requests among some ids that are due and not processed. Claims nothing. */
  byId(ids: ReadonlyArray<bigint>, now: number): Effect.Effect<Array<Message>, CqlError> {
    return Effect.map(
      Effect.forEach(ids, (id) => read(this.#store, id), { concurrency: readsAtOnce }),
      (all) =>
        all.filter((stored) => stored !== undefined).filter((stored) =>
          stored.exit === undefined && !isWaitingForAck(stored) && stored.visibleAt <= BigInt(Math.floor(now))
        ).sort((one, other) => one.id < other.id ? -1 : 1).map(requestMessage)
    )
  }

  #due(shard: string, now: number): Effect.Effect<ReadonlyArray<Pending.Pending>, CqlError> {
    return Effect.map(
      this.#store.rows(...Pending.due(this.#store, shard, now)),
      (rows) => rows.map((row) => Pending.toPending(shard, row))
    )
  }

  /** The requests of messages that could be read; undefined for one that does not exist. */
  #read(
    slice: ReadonlyArray<Pending.Pending>
  ): Effect.Effect<ReadonlyMap<bigint, Stored | undefined>, CqlError | Unanswered> {
    return this.#requests.all([...new Set(slice.map(({ requestId }) => requestId))], (id) => read(this.#store, id))
  }

  /** Deletes messages that are never delivered again. The next read meets what is left of them. */
  #remove(voids: ReadonlyArray<Pending.Pending>): Effect.Effect<void> {
    return Effect.forEach(voids, (pending) => {
      this.claims.drop(pending)
      return Effect.ignore(Pending.remove(this.#store, pending))
    }, { concurrency: readsAtOnce, discard: true }).pipe(
      Effect.timeoutOrElse({ duration: longestRemoval, orElse: () => Effect.void })
    )
  }
}

/** The latest acknowledgement of each request: the former ones say less. */
const latestAcks = (all: ReadonlyArray<Pending.Pending>): ReadonlyMap<bigint, bigint> => {
  const latest = new Map<bigint, bigint>()
  for (const { id, kind, requestId } of all) {
    const known = latest.get(requestId)
    if (kind === Pending.ackKind && (known === undefined || id > known)) latest.set(requestId, id)
  }
  return latest
}

/** True if a message is never delivered again: its request is gone, has ended, or was begun again. */
const isVoid = (
  { attempt, id, kind, requestId }: Pending.Pending,
  request: Stored | undefined,
  acks: ReadonlyMap<bigint, bigint>
): boolean =>
  request === undefined || attempt < request.attempt || (attempt === request.attempt && request.exit !== undefined) ||
  (kind === Pending.ackKind && acks.get(requestId) !== id)

const toMessage = (pending: Pending.Pending, request: Stored): Message => {
  if (pending.kind === Pending.requestKind) return requestMessage(request)
  const { address, requestId } = request.envelope
  const id = String(pending.id)
  return {
    envelope: pending.kind === Pending.ackKind
      ? { _tag: "AckChunk", id, address, requestId, replyId: String(pending.replyId) }
      : { _tag: "Interrupt", id, address, requestId },
    lastSentReply: Option.none()
  }
}

const requestMessage = ({ chunks, envelope }: Stored): Message => ({
  envelope,
  lastSentReply: Option.fromUndefinedOr(chunks.at(-1)?.reply)
})

export const keyOfAddress = ({ entityId, entityType, shardId }: EntityAddress): string =>
  `${shardId.toString()} ${entityType} ${entityId}`
