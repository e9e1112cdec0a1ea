/** Exercises a deployment: its containers are started, work off a job, and are stopped. */
import { executeConcurrentWithArgs, Statement } from "@effect-cql/core"
import type { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { assert } from "@effect/vitest"
import { Effect, Redacted, Schedule } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { City, CityOfCountry } from "../../src/worker/tables.ts"
import { type Container, ended, type Network, run, started } from "./deployment.ts"

const dropKeyspace = Effect.ignore(Statement.make("DROP KEYSPACE IF EXISTS cities", [], { requestTimeout: "1 minute" }))

/** Addresses that no other run has: every runner listens at the same ports, as in a pod. */
export const networkOf = (server: CassandraServer["Service"]): Network => ({
  cassandra: server.contactPoints.join(","),
  credentials: server.credentials && {
    username: server.credentials.username,
    password: Redacted.value(server.credentials.password)
  },
  runner: (number) => `127.101.${process.pid % 250 + 1}.${number + 1}`
})

const cities = Array.from({ length: 300 }, (_, id) =>
  new City({
    id,
    name: `city ${id}`,
    country: ["DE", "BR", "JP"][id % 3] ?? "",
    feature: "PPL",
    population: id * 1_000,
    latitude: id % 2 === 0 ? 10.5 : -10.5,
    longitude: 0
  }))

/** The addresses of the runners that own lanes, once for each lane. */
const owners = Effect.map(
  Statement.make("SELECT owner FROM cities.cluster_locks", [], { consistency: "LOCAL_QUORUM" }),
  ({ rows }) => rows.map(({ owner }) => String(owner).split(" ")[0]?.split(":")[0])
)

const until = <A, E, R>(self: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.timeout(Effect.repeat(self, { schedule: Schedule.spaced("250 millis"), until: holds }), "200 seconds")

export interface Deployed {
  readonly migrate: Container
  readonly runners: ReadonlyArray<Container>
  readonly copy: Container
  readonly graceSeconds: number
}

/** Starts the containers, lets them work off the job, and stops them, one after the other. */
export const exercise = ({ copy, graceSeconds, migrate, runners }: Deployed, isHealthy: Effect.Effect<boolean>) =>
  Effect.gen(function*() {
    for (const { command, directory } of [migrate, ...runners, copy]) {
      assert.include(["/app", "/repository"], directory)
      assert.isTrue(existsSync(join(import.meta.dirname, "../../../..", command[1] ?? "")), command[1])
    }
    assert.strictEqual(yield* run(migrate), 0)
    yield* executeConcurrentWithArgs(City.insert, cities)

    const processes = yield* Effect.forEach(runners, started)
    const hosts = runners.map(({ env }) => env["RUNNER_HOST"])
    assert.strictEqual(new Set(hosts).size, 3)
    const lanes = Number(runners[0]?.env["SHARDS"])
    yield* until(owners, (owners) => owners.length === lanes && new Set(owners).size === runners.length)
    yield* until(isHealthy, (isHealthy) => isHealthy)

    assert.strictEqual(yield* run(copy), 0)
    const copied = yield* Effect.forEach(["DE", "BR", "JP"], (country) => CityOfCountry.select({ country }))
    const rows = copied.flatMap(({ rows }) => rows).toSorted((a, b) => a.id - b.id)
    const partOf = ({ id, name, population }: City | CityOfCountry) => [id, name, population]
    assert.deepStrictEqual(rows.map(partOf), cities.map(partOf))
    assert.isTrue(rows.every(({ hemisphere, id }) => hemisphere === (id % 2 === 0 ? "north" : "south")))

    for (const [at, child] of processes.entries()) {
      child.kill("SIGTERM")
      const code = yield* Effect.timeout(ended(child), `${graceSeconds} seconds`)
      assert.strictEqual(code, 130)
      // Given back, and not left to expire.
      assert.notInclude(yield* owners, hosts[at])
    }
  }).pipe(Effect.scoped, Effect.ensuring(dropKeyspace), (self) => Effect.andThen(dropKeyspace, self))
