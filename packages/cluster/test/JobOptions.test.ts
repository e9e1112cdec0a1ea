/** Names of options that do not exist: each is refused, with the nearest. */
import { Job } from "@effect-cql/cluster"
import { InvalidOptions } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { defectOf } from "@effect-cql/test-support/runs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { memory, numbered } from "./support/jobs.ts"

class User extends Table.Class<User>("User")("app.users", {
  columns: { id: CqlSchema.Int, name: CqlSchema.Text },
  partitionKey: "id"
}) {}

/** Options with another name, which a program without types may give. */
const misspelt = <A extends object>(options: A, name: string): A => Object.assign(options, { [name]: 1 })

const common = { version: "1" }

const definitions: Readonly<Record<string, (name: string) => unknown>> = {
  "Job.make": (name) => numbered(misspelt({}, name)),
  "Job.copy": (name) => Job.copy("J", misspelt({ ...common, from: User, to: User }, name)),
  "Job.count": (name) => Job.count("J", misspelt({ ...common, table: User }, name)),
  "Job.verify": (name) => Job.verify("J", misspelt({ ...common, from: User, to: User }, name)),
  "Job.expire": (name) => Job.expire("J", misspelt({ ...common, table: User, where: () => true }, name)),
  "Job.transform": (name) =>
    Job.transform("J", misspelt({ ...common, table: User, change: () => Effect.succeed(undefined) }, name)),
  "Job.load": (name) =>
    Job.load("J", misspelt({ ...common, format: "csv" as const, row: Schema.Unknown, write: () => [] }, name)),
  toLayer: (name) => numbered().toLayer(() => Effect.void, misspelt({}, name)),
  rejects: (name) => numbered({ rejects: misspelt({}, name) }),
  errorBudget: (name) => numbered({ errorBudget: misspelt({ rejects: 1 }, name) })
}

describe("a name that is no option", () => {
  for (const [job, make] of Object.entries(definitions)) {
    for (const name of ["concurency", "errorBudgets", "atempts", "retension"]) {
      it(`is refused by ${job}: ${name}`, () => {
        const error = ((): unknown => {
          try {
            make(name)
            return undefined
          } catch (error) {
            return error
          }
        })()
        assert.instanceOf(error, InvalidOptions)
        assert.include(String(error), name)
        assert.include(String(error), "an option that does not exist")
      })
    }
  }

  it.effect("is refused by what starts and changes a job", () =>
    Effect.gen(function*() {
      const job = numbered()
      const refused = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.map(Effect.exit(effect), (exit) => assert.instanceOf(defectOf(exit), InvalidOptions))
      yield* refused(job.start({ units: 1 }, misspelt({ id: "a" }, "rates")))
      yield* refused(job.start({ units: 1 }, { id: "a", errorBudget: misspelt({ rejects: 1 }, "shares") }))
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      yield* refused(handle.setLimits(misspelt({ rate: 1 }, "concurency")))
      yield* handle.cancel
      yield* refused(handle.retry(misspelt({}, "onli")))
      yield* refused(handle.retry(Object.assign({}, { only: "reject" as "rejects" })))
    }).pipe(Effect.provide(memory())))
})
