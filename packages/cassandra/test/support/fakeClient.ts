import type { Client, QueryOptions } from "cassandra-driver"

/** A request as it reached the driver. */
export interface Seen {
  readonly method: "execute" | "batch"
  readonly text: string
  readonly params: ReadonlyArray<unknown>
  readonly options: QueryOptions
}

/** The marker types of a statement, as the server would tell them. */
export type Columns = ReadonlyArray<{ readonly name: string; readonly type: { readonly code: number } }>

/** What the fake answers a request with. */
export type Answer = (seen: Seen) => Promise<unknown>

/** A result of the driver without rows. */
export const nothing = {
  info: { queriedHost: "10.0.0.1:9042", achievedConsistency: 1, traceId: null, warnings: null },
  columns: null,
  rows: undefined,
  pageState: null
}

/** A client that records what arrives, and prepares what it has columns for. */
export const fakeClient = (
  columns: Readonly<Record<string, Columns>>,
  answer: Answer = () => Promise.resolve(nothing)
) => {
  const seen: Array<Seen> = []
  const prepares: Array<string> = []
  const prepared = new Map<string, { meta?: { columns: Columns } }>()
  const hosts = [{ isUp: () => true }]
  const streams = { inFlight: 0 }
  const client = {
    connected: true,
    keyspace: undefined,
    options: { pooling: { maxRequestsPerConnection: 2048 } },
    metadata: {
      getPreparedInfo: (_: string | undefined, text: string) => {
        const info = prepared.get(text) ?? {}
        prepared.set(text, info)
        return info
      }
    },
    getState: () => ({
      getConnectedHosts: () => hosts,
      getOpenConnections: () => 2,
      getInFlightQueries: () => streams.inFlight
    }),
    execute: (text: string, params: ReadonlyArray<unknown>, options: QueryOptions) => {
      if (options.routingKey !== undefined && !Buffer.isBuffer(options.routingKey)) {
        prepares.push(text)
        const known = columns[text]
        if (known !== undefined) prepared.get(text)!.meta = { columns: known }
        return Promise.reject(new TypeError("Unexpected routingKey"))
      }
      const request: Seen = { method: "execute", text, params, options }
      seen.push(request)
      return answer(request)
    },
    batch: (queries: ReadonlyArray<{ query: string; params: ReadonlyArray<unknown> }>, options: QueryOptions) => {
      const text = queries.map(({ query }) => query).join("; ")
      const request: Seen = { method: "batch", text, params: queries.map(({ params }) => params), options }
      seen.push(request)
      return answer(request)
    }
  }
  return { client: client as unknown as Client, seen, prepares, streams }
}
