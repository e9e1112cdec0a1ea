import { defineConfig } from "vitest/config"

const packages = ["core", "cassandra", "testing", "examples"]

export default defineConfig({
  test: {
    projects: packages.map((name) => ({
      test: {
        name,
        root: `./packages/${name}`,
        include: ["test/**/*.test.ts"]
      }
    }))
  }
})
