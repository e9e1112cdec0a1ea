import { existsSync, readdirSync } from "node:fs"
import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

const packages = readdirSync("./packages").filter((name) => existsSync(`./packages/${name}/test`))

// What takes longer than `npm test` may is in files of their own: `npm run test:long`.
const long = "test/**/*.long.test.ts"
const onlyLong = process.env["EFFECT_CQL_LONG"] !== undefined

const faults = "test/faults/*.integration.test.ts"

// The files of these share the modules of their worker. Loading them for each file took a tenth of the run. Those of the others change
// the driver, or start programs of their own.
const sharing = new Set(["core", "schema", "testing", "report", "cluster"])

const project = (name: string, root: string, options: object) => ({
  // Real servers share the machine with the tests: also what a suite does at its end takes its time, such as dropping a
  // keyspace. On the virtual clock nothing takes long but what hangs.
  test: {
    name,
    root,
    isolate: !sharing.has(name),
    testTimeout: name === "core" ? 30_000 : 180_000,
    hookTimeout: 180_000,
    ...options
  }
})

// The files that take longest start first, so that none of them runs alone at the end. Each starts servers or processes.
const longest = [
  "CassandraServer.integration",
  "processes.integration",
  "conformance.integration",
  "random.integration",
  "life.integration",
  "simulation.test",
  "migrations.integration",
  "deploy.integration",
  "prove.integration",
  "ready.integration",
  "app.integration",
  "nodes.test",
  "model.test"
]

class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const place = ({ moduleId }: TestSpecification) => {
      const index = longest.findIndex((name) => moduleId.includes(`/${name}`))
      return index < 0 ? longest.length : index
    }
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // One less than the cores is what vitest takes, and that is one of two. Many files wait for servers and timers.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Starts one Cassandra for the whole run, when a file of the run needs one.
    globalSetup: ["./packages/test-support/src/globalSetup.ts"],
    projects: [
      ...packages.map((name) =>
        project(name, `./packages/${name}`, {
          include: [onlyLong ? long : "test/**/*.test.ts"],
          exclude: onlyLong ? [] : [long, faults]
        })
      ),
      ...(onlyLong ? [] : [project("scripts", "./scripts", { include: ["test/**/*.test.ts"] })]),
      // Apart from all else: they measure time.
      ...(onlyLong ? [] : [
        project("faults", "./packages/cassandra", { include: [faults], sequence: { groupOrder: 1 } })
      ])
    ]
  }
})
