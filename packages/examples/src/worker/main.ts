/**
 * A worker of a cluster, in the form in which it is deployed: `deploy/kubernetes.yaml` and `deploy/compose.yaml` start it. Its
 * settings come from the environment: `settings.ts`.
 *
 *     node src/worker/main.ts migrate     creates the tables
 *     node src/worker/main.ts run         works off jobs, until it is stopped
 *     node src/worker/main.ts copy        starts the job, and waits for its end
 */
import { Jobs } from "@effect-cql/cluster"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { CopyCities } from "./job.ts"
import { migrate } from "./migrations.ts"
import * as Runner from "./runner.ts"
import * as Settings from "./settings.ts"
import { keyspace } from "./tables.ts"

const Migrate = Command.make("migrate", {}, () =>
  Effect.gen(function*() {
    const applied = yield* migrate(yield* Settings.replication)
    yield* Console.log(applied.length === 0 ? "the tables are up to date" : `applied ${applied.join(", ")}`)
  }).pipe(Effect.provide(Settings.session))).pipe(Command.withDescription("Creates the tables"))

const Run = Command.make("run", {}, () => Layer.launch(Runner.layer)).pipe(
  Command.withDescription("Works off jobs, until it is stopped")
)

const id = Flag.String("id").pipe(
  Flag.withDefault("copy-cities"),
  Flag.withDescription("Id of the job: the same id is the same job, whatever its state")
)

const Copy = Command.make("copy", { id }, ({ id }) =>
  Effect.gen(function*() {
    const { lanes } = yield* Settings.cluster
    const copy = Effect.gen(function*() {
      const job = yield* CopyCities.start({ id })
      yield* job.watch("2 seconds").pipe(
        Stream.runForEach(({ done, rows, state, units }) =>
          Console.log(`${id} is ${state}: ${done} of ${units} units, ${rows} rows`)
        )
      )
      yield* job.await
    })
    yield* copy.pipe(Effect.provide(Jobs.layer({ keyspace, lanes })))
  }).pipe(Effect.provide(Settings.session))).pipe(Command.withDescription("Starts the job, and waits for its end"))

const Worker = Command.make("worker").pipe(Command.withSubcommands([Migrate, Run, Copy]))

Command.run(Worker, { version: "1.0.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
