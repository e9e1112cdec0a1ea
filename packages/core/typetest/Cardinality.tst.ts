import { type Batch, type CqlError, type Session, Statement } from "@effect-cql/core"
import type { ResultPage } from "@effect-cql/core/Session"
import type { Effect, Option, Stream } from "effect"
import { describe, expect, test } from "tstyche"

interface User {
  readonly name: string
}
declare const statement: Statement.Statement<User>
declare const batch: Batch.Batch

describe("the rows of a statement", () => {
  test("have their type, their number and their errors", () => {
    expect(Statement.rows(statement)).type.toBe<Effect.Effect<ReadonlyArray<User>, CqlError, Session>>()
    expect(Statement.first(statement)).type.toBe<Effect.Effect<Option.Option<User>, CqlError, Session>>()
    expect(Statement.one(statement)).type.toBe<
      Effect.Effect<User, CqlError | Statement.NoRow | Statement.ManyRows, Session>
    >()
    expect(Statement.stream(statement)).type.toBe<Stream.Stream<User, CqlError, Session>>()
    expect(Statement.page(statement)).type.toBe<Effect.Effect<ResultPage<User>, CqlError, Session>>()
    expect(statement.pipe(Statement.page)).type.toBe<Effect.Effect<ResultPage<User>, CqlError, Session>>()
    expect(Statement.void(statement)).type.toBe<Effect.Effect<void, CqlError, Session>>()
  })
  test("of a lost condition have the type of the statement", () => {
    expect(Statement.applied(statement)).type.toBe<Effect.Effect<Statement.Condition<User>, CqlError, Session>>()
    expect(Statement.applied(batch)).type.toBe<
      Effect.Effect<Statement.Condition<Record<string, unknown>>, CqlError, Session>
    >()
    expect(Statement.mustHold(statement)).type.toBe<
      Effect.Effect<void, CqlError | Statement.ConditionLost<User>, Session>
    >()
  })
})
