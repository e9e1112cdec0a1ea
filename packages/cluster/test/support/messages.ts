/** Builders of messages and replies. */
import { Context, DateTime, Effect, Exit, Option, Schema } from "effect"
import {
  DeliverAt,
  EntityAddress,
  EntityId,
  EntityType,
  Envelope,
  Message,
  type MessageStorage,
  Reply,
  ShardId,
  Snowflake
} from "effect/cluster"
import { Headers } from "effect/http"
import { Rpc } from "effect/rpc"

export const Add = Rpc.make("Add", { payload: { n: Schema.Int }, success: Schema.Int })
export const Once = Rpc.make("Once", {
  payload: { key: Schema.String },
  success: Schema.Int,
  primaryKey: ({ key }) => key
})
export const Numbers = Rpc.make("Numbers", { payload: { n: Schema.Int }, success: Schema.Int, stream: true })

export class Later extends Schema.Class<Later>("Later")({ at: Schema.DateTimeUtc }) {
  [DeliverAt.symbol]() {
    return this.at
  }
}
export const Delayed = Rpc.make("Delayed", { payload: Later, success: Schema.Int })

export const shard = (id: number) => ShardId.make("default", id)
export const address = (entity = "one", shardId = 1, type = "Thing") =>
  EntityAddress.make({
    shardId: shard(shardId),
    entityType: EntityType.make(type),
    entityId: EntityId.make(entity)
  })

const nextId = Effect.map(Snowflake.Generator, (generator) => generator.nextUnsafe())

const outgoing = <R extends Rpc.Any>(
  rpc: R,
  payload: Rpc.Payload<R>,
  options: Options = {}
): Effect.Effect<Message.OutgoingRequest<R>, never, Snowflake.Generator> =>
  Effect.map(nextId, (id) =>
    new Message.OutgoingRequest<R>({
      rpc,
      context: Context.empty() as Context.Context<Rpc.Services<R>>,
      lastReceivedReply: Option.none(),
      respond: () => Effect.void,
      annotations: Context.empty(),
      envelope: Envelope.makeRequest<R>({
        requestId: options.id ?? id,
        address: options.address ?? address(),
        tag: rpc._tag as Rpc.Tag<R>,
        payload,
        headers: Headers.fromInput({ from: "test" }),
        ...options.trace
      })
    }))

interface Options {
  readonly id?: Snowflake.Snowflake | undefined
  readonly address?: EntityAddress.EntityAddress | undefined
  readonly trace?: { readonly traceId: string; readonly spanId: string; readonly sampled: boolean } | undefined
}

export const add = (n = 1, options?: Options) => outgoing(Add, Add.payloadSchema.make({ n }), options)
export const once = (key: string, options?: Options) => outgoing(Once, Once.payloadSchema.make({ key }), options)
export const numbers = (options?: Options) => outgoing(Numbers, Numbers.payloadSchema.make({ n: 1 }), options)
export const delayed = (millis: number, options?: Options) =>
  outgoing(Delayed, new Later({ at: DateTime.makeUnsafe(millis) }), options)

const withContext = <R extends Rpc.Any>(message: Message.OutgoingRequest<R>, reply: Reply.Reply<R>) =>
  new Reply.ReplyWithContext<R>({ reply, rpc: message.rpc, context: message.context })

/** An exit with a success. */
export const exit = <R extends Rpc.Any & { readonly _tag: "Add" | "Once" | "Delayed" }>(
  message: Message.OutgoingRequest<R>,
  value: Rpc.SuccessExit<R>
) =>
  Effect.map(nextId, (id) =>
    withContext(
      message,
      new Reply.WithExit<R>({ id, requestId: message.envelope.requestId, exit: Exit.succeed(value) })
    ))

export const exitOfStream = (message: Message.OutgoingRequest<typeof Numbers>) =>
  Effect.map(
    nextId,
    (id) => withContext(message, new Reply.WithExit({ id, requestId: message.envelope.requestId, exit: Exit.void }))
  )

export const chunk = (message: Message.OutgoingRequest<typeof Numbers>, sequence: number) =>
  Effect.map(nextId, (id) =>
    withContext(
      message,
      new Reply.Chunk<typeof Numbers>({ id, requestId: message.envelope.requestId, sequence, values: [sequence] })
    ))

export const ack = (
  message: Message.OutgoingRequest<typeof Numbers>,
  { reply }: Reply.ReplyWithContext<typeof Numbers>
) =>
  Effect.map(nextId, (id) =>
    new Message.OutgoingEnvelope({
      rpc: Numbers,
      envelope: new Envelope.AckChunk({
        id,
        address: message.envelope.address,
        requestId: message.envelope.requestId,
        replyId: reply.id
      })
    }))

export const interrupt = (message: { readonly envelope: Envelope.Request.Any }, id?: Snowflake.Snowflake) =>
  Effect.map(nextId, (next) =>
    Message.OutgoingEnvelope.interrupt({
      id: id ?? next,
      address: message.envelope.address,
      requestId: message.envelope.requestId
    }))

/** Messages delivered to shards: the ids of requests, and `ack` or `interrupt` with the id of the request. */
export const delivered = (
  storage: MessageStorage.MessageStorage["Service"],
  shards: ReadonlyArray<number> = [1],
  options?: Parameters<MessageStorage.MessageStorage["Service"]["unprocessedMessages"]>[1]
) =>
  Effect.map(
    storage.unprocessedMessages(shards.map(shard), options),
    (messages) =>
      messages.map(({ envelope }) =>
        envelope._tag === "Request"
          ? String(envelope.requestId)
          : `${envelope._tag === "AckChunk" ? "ack" : "interrupt"} ${envelope.requestId}`
      )
  )

export const idOf = (message: { readonly envelope: { readonly requestId: Snowflake.Snowflake } }): string =>
  String(message.envelope.requestId)
