import { defineConfig } from "vitest/config"

const packages = ["core", "cassandra", "testing", "examples"]

export default defineConfig({
  test: {
    // Starts one Cassandra for the whole run, when a file of the run needs one.
    globalSetup: ["./packages/testing/test/support/cassandra.globalSetup.ts"],
    projects: packages.map((name) => ({
      test: {
        name,
        root: `./packages/${name}`,
        include: ["test/**/*.test.ts"],
        // Real servers share the machine with the tests. On the virtual clock nothing takes long but what hangs.
        testTimeout: name === "core" ? 15_000 : 60_000
      }
    }))
  }
})
