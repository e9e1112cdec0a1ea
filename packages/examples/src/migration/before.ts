/** Before: the helper of the Node.js driver. */
import { type Client, concurrent } from "cassandra-driver"

export const insertAll = async (client: Client, count: number): Promise<number> => {
  const parameters = Array.from({ length: count }, (_, b) => [b])
  const result = await concurrent.executeConcurrent(
    client,
    "INSERT INTO examples.numbers (a, b) VALUES (10, ?)",
    parameters,
    { concurrencyLevel: 50 }
  )
  return result.totalExecuted
}

export const selectAll = async (client: Client, bs: ReadonlyArray<number | null>): Promise<ReadonlyArray<string>> => {
  const statements = bs.map((b) => ({ query: "SELECT b FROM examples.numbers WHERE a = 10 AND b = ?", params: [b] }))
  const result = await concurrent.executeConcurrent(client, statements, {
    concurrencyLevel: 50,
    raiseOnFirstError: false,
    collectResults: true
  })
  // A result or an error by index; and `result.errors`, without indexes, cut at 100.
  return result.resultItems.map((item) => item instanceof Error ? item.name : String(item.rows.length))
}
