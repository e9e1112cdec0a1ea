/**
 * Runners of entities and workflows in one process, whose owners are killed: each with real `Sharding` over storages that they share.
 * They have no transport: what is persisted goes by the storage alone, as it does when a runner is dead.
 *
 * A runner that is killed goes no further: none of its sleeps ends, and none of its answers arrives.
 */
import { CqlCluster, CqlMessageStorage, CqlRunnerStorage } from "@effect-cql/cluster"
import type { Session } from "@effect-cql/core"
import { sleeping } from "@effect-cql/test-support/clock"
import { MockSession } from "@effect-cql/testing"
import { Clock, type Context, Effect, Exit, Layer, Logger, Option, Scope } from "effect"
import {
  ClusterWorkflowEngine,
  MessageStorage,
  RunnerAddress,
  RunnerHealth,
  Runners,
  Sharding,
  ShardingConfig,
  Snowflake
} from "effect/cluster"
import type { WorkflowEngine } from "effect/workflow"
import { gated } from "./port.ts"
import { Process, VirtualTime } from "./virtualTime.ts"

/** Services that the entities and the workflows of a runner need. */
export type Services = Sharding.Sharding | WorkflowEngine.WorkflowEngine

/** The storage of messages of a process. */
type Messages = (process: Process) => Layer.Layer<MessageStorage.MessageStorage, never, Session>

/** The storages that the runners of a test share, and its time. */
export interface Driver {
  readonly session: Layer.Layer<Session>
  readonly options: CqlCluster.Options
  /** Makes the storages of messages. Default: those over CQL. */
  readonly messages?: Effect.Effect<Messages> | undefined
  /** Runs by the clock of the machine. */
  readonly isLive?: boolean | undefined
}

/** Effect's memory driver, whose answers a process does not get when it is killed. */
export const memoryDriver: Effect.Effect<Messages> = Effect.gen(function*() {
  const { encoded: driver } = yield* MessageStorage.MemoryDriver
  return ({ running }: Process) => {
    const gate = <A, E>(self: Effect.Effect<A, E>) => Effect.tap(Effect.andThen(running, self), running)
    return Layer.effect(
      MessageStorage.MessageStorage,
      MessageStorage.makeEncoded({
        saveEnvelope: (message) => gate(driver.saveEnvelope(message)),
        saveReply: (reply) => gate(driver.saveReply(reply)),
        clearReplies: (...given) => gate(driver.clearReplies(...given)),
        requestIdForPrimaryKey: (key) => gate(driver.requestIdForPrimaryKey(key)),
        repliesFor: (ids) => gate(driver.repliesFor(ids)),
        repliesForUnfiltered: (ids) => gate(driver.repliesForUnfiltered(ids)),
        unprocessedMessages: (...given) => gate(driver.unprocessedMessages(...given)),
        unprocessedMessagesById: (...given) => gate(driver.unprocessedMessagesById(...given)),
        resetRequests: (ids) => gate(driver.resetRequests(ids)),
        resetAddresses: (addresses) => gate(driver.resetAddresses(addresses)),
        clearAddress: (address) => gate(driver.clearAddress(address)),
        resetShards: (shards) => gate(driver.resetShards(shards)),
        withTransaction: driver.withTransaction
      })
    ).pipe(Layer.provide(Snowflake.layerGenerator))
  }
}).pipe(Effect.provide(Layer.fresh(MessageStorage.MemoryDriver.layer)))

export interface Runner {
  readonly port: number
  /** Kills the runner: its locks stay until their lease ends. */
  readonly kill: Effect.Effect<void>
}

/** The runners of a program, and a client of them. */
export interface Fleet {
  /** Starts a runner of entities and workflows. */
  readonly start: (
    layer: (port: number) => Layer.Layer<never, never, Services>
  ) => Effect.Effect<Runner>
  /** The services of a client, which owns no shards. */
  readonly client: Context.Context<Services>
}

const processLayer = ({ isLive, options }: Driver, messages: Messages, process: Process, port: number | undefined) =>
  ClusterWorkflowEngine.layer.pipe(
    Layer.provideMerge(Sharding.layer),
    Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
    Layer.provide(CqlRunnerStorage.layer(options)),
    Layer.provideMerge(messages(process)),
    Layer.provide(ShardingConfig.layer({
      runnerAddress: port === undefined ? Option.none() : Option.some(RunnerAddress.make("runner", port)),
      shardsPerGroup: 4,
      // On the clock of the machine, a starved runner must not be taken for dead.
      shardLockExpiration: isLive === true ? 5_000 : 3_000,
      shardLockRefreshInterval: 500,
      refreshAssignmentsInterval: 250,
      entityMessagePollInterval: 100,
      entityReplyPollInterval: 50,
      entityTerminationTimeout: 500
    })),
    // A request that a process has sent is executed, although its answer does not arrive when the process was killed.
    Layer.provide(
      gated((request, send) => Effect.ensuring(Effect.andThen(process.running, send(request)), process.running))
    )
  )

/** Runs a program with runners. */
export const run = <A, E>(driver: Driver, program: (runners: Fleet) => Effect.Effect<A, E>): Promise<A> => {
  // The id of a workflow is a digest, for which the event loop has to turn.
  const time = driver.isLive === true ? undefined : new VirtualTime(1)
  const live = Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const messages = yield* driver.messages ?? Effect.succeed<Messages>(() => CqlMessageStorage.layer(driver.options))
    const scope = yield* Scope.make()
    const server = yield* Layer.build(Layer.fresh(driver.session))
    const processes: Array<Process> = []
    let last = 0

    const launch = (port: number | undefined, layer: Layer.Layer<never, never, Services>) => {
      const process = time === undefined ? new Process((process) => stopping(clock, process)) : time.process()
      processes.push(process)
      return Layer.buildWithScope(
        Layer.fresh(Layer.provideMerge(layer, processLayer(driver, messages, process, port))),
        scope
      ).pipe(
        Effect.provide(server),
        Effect.provideService(Clock.Clock, process.clock),
        Effect.map((context) => ({ context, process }))
      )
    }
    const { context: client } = yield* launch(undefined, Layer.empty)
    const exit = yield* Effect.exit(program({
      client,
      start: (layer) => {
        const port = ++last
        return Effect.map(Effect.orDie(launch(port, layer(port))), ({ process }) => ({
          port,
          kill: Effect.sync(() => process.freeze())
        }))
      }
    }))
    // Nothing of a world in virtual time is left when its program ends.
    if (time === undefined) {
      for (const process of processes) process.thaw()
      yield* Scope.close(scope, Exit.void)
    }
    return yield* exit
  }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  return time === undefined ? Effect.runPromise(live) : time.run(live)
}

/** The clock of the machine, as a process has it that may be killed. */
const stopping = (clock: Clock.Clock, process: Process): Clock.Clock =>
  sleeping(clock, (duration) => Effect.andThen(clock.sleep(duration), process.running))

/** Storages in memory. */
export const inMemory = (messages?: Driver["messages"]): Driver => ({
  session: MockSession.memory(CqlCluster.ddl("app"), { record: false, metrics: false, spans: false }),
  options: { keyspace: "app" },
  messages
})
