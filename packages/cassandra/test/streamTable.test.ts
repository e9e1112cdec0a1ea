import { assert, describe, it } from "@effect/vitest"
import { tabulate } from "../src/internal/driver/connection.ts"
import { StreamTable } from "../src/internal/driver/streamTable.ts"

describe("the requests in flight by their streams", () => {
  it("come and go as in a Map", () => {
    const table = new StreamTable<string>()
    const map = new Map<number, string>()
    // A walk over the streams in which about half of them are taken at any time.
    for (let step = 0; step < 5_000; step++) {
      const stream = (step * 7_919) % 257
      if (map.has(stream)) assert.strictEqual(table.delete(stream), map.delete(stream))
      else {
        map.set(stream, `request ${step}`)
        table.set(stream, `request ${step}`)
      }
      assert.strictEqual(table.get(stream), map.get(stream))
      if (step % 500 !== 0) continue
      const byStream = [...map].sort(([one], [other]) => one - other)
      assert.deepStrictEqual([...table], byStream)
      assert.deepStrictEqual(Array.from(table.values()), byStream.map(([, request]) => request))
      assert.strictEqual(table.size, map.size)
    }
    assert.isFalse(table.delete(100_000))
    table.clear()
    assert.strictEqual(table.size, 0)
  })

  it("are kept so on a connection that has none in flight yet", () => {
    const connection = { _operations: new Map<number, string>() }
    tabulate(connection)
    assert.instanceOf(connection._operations, StreamTable)
    const table = connection._operations.set(1, "request")
    tabulate(connection)
    assert.strictEqual(connection._operations, table)
  })

  it("stay where they are on a connection that has some, or that keeps them otherwise", () => {
    const busy = { _operations: new Map([[1, "request"]]) }
    tabulate(busy)
    assert.notInstanceOf(busy._operations, StreamTable)
    const other = {}
    tabulate(other)
    assert.deepStrictEqual(other, {})
  })
})
