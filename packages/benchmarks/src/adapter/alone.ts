/**
 * Statements and pages one after the other, through the library and through the driver alone.
 */
import { Query, Session, Statement } from "@effect-cql/core"
import type cassandra from "cassandra-driver"
import { type Context, Effect, Stream } from "effect"
import type { Contender } from "../internal/rounds.ts"
import type { Work } from "./contenders.ts"

export const aloneNames = {
  statement: "yield* statement",
  execute: "client.execute",
  stream: "session.stream",
  executePages: "client.execute with its page state"
}

const statements = (
  session: Context.Context<Session>,
  client: cassandra.Client,
  { parameters, text }: Work,
  count: number
): ReadonlyArray<Contender> => {
  const query = Query.make(text)
  const some = parameters.slice(0, count)
  return [
    {
      name: aloneNames.statement,
      run: () =>
        Effect.runPromise(
          Effect.gen(function*() {
            for (const params of some) yield* query(...params)
          }).pipe(Effect.provideContext(session))
        )
    },
    {
      name: aloneNames.execute,
      run: async () => {
        const options = { prepare: true }
        for (const params of some) await client.execute(text, params, options)
      }
    }
  ]
}

const rowsOfPage = 10

const pages = (
  session: Context.Context<Session>,
  client: cassandra.Client,
  table: string,
  count: number
): ReadonlyArray<Contender> => {
  const text = `SELECT id, name, score FROM ${table}`
  const statement = Statement.make(text).pipe(Statement.withOptions({ pageSize: rowsOfPage }))
  return [
    {
      name: aloneNames.stream,
      run: () =>
        Effect.runPromise(
          Session.use((session) =>
            session.stream(statement).pipe(
              Stream.take(count * rowsOfPage),
              Stream.runDrain
            )
          ).pipe(Effect.provideContext(session))
        )
    },
    {
      name: aloneNames.executePages,
      run: async () => {
        let pageState: string | undefined
        for (let page = 0; page < count; page++) {
          const options = { prepare: true, fetchSize: rowsOfPage, ...(pageState === undefined ? {} : { pageState }) }
          pageState = (await client.execute(text, [], options)).pageState
        }
      }
    }
  ]
}

export const alone = { statements, pages }
