/**
 * The grammar of INSERT, UPDATE, DELETE and batches of them.
 */
import type { Assignment, BatchText, Delete, Deleted, Insert, Mutation, Term, Update, Using } from "./ast.ts"
import { QueryParser } from "./queryParser.ts"
import { word } from "./termsParser.ts"
import * as T from "./tokens.ts"

type Rule<A> = () => A

export abstract class MutationParser extends QueryParser {
  readonly using: Rule<Using> = this.RULE("using", (): Using => {
    let using: Using = {}
    this.OPTION(() => {
      this.CONSUME(word("USING"))
      this.AT_LEAST_ONE_SEP({
        SEP: word("AND"),
        DEF: () => {
          using = this.choose<Using>(0, [
            {
              ALT: () => {
                this.CONSUME(word("TIMESTAMP"))
                return { ...using, timestamp: this.SUBRULE(this.integer) }
              }
            },
            {
              ALT: () => {
                this.CONSUME(word("TTL"))
                return { ...using, ttl: this.SUBRULE2(this.integer) }
              }
            }
          ])
        }
      })
    })
    return using
  })

  readonly notExists: Rule<boolean> = this.RULE("notExists", (): boolean =>
    this.OPTION(() => {
      this.CONSUME(word("IF"))
      this.CONSUME(word("NOT"))
      return this.CONSUME(word("EXISTS"))
    }) !== undefined)

  readonly exists: Rule<boolean> = this.RULE("exists", (): boolean =>
    this.OPTION(() => {
      this.CONSUME(word("IF"))
      return this.CONSUME(word("EXISTS"))
    }) !== undefined)

  readonly insert: Rule<Insert> = this.RULE("insert", (): Insert => {
    this.CONSUME(word("INSERT"))
    this.CONSUME(word("INTO"))
    const table = this.SUBRULE(this.qualified)
    const { columns, values } = this.choose<
      { columns: ReadonlyArray<string> | undefined; values: ReadonlyArray<Term> }
    >(0, [
      {
        ALT: () => {
          this.CONSUME(word("JSON"))
          const values: Array<Term> = [this.SUBRULE(this.term)]
          this.OPTION(() => {
            this.CONSUME(word("DEFAULT"))
            this.OR2([{ ALT: () => this.CONSUME(word("NULL")) }, { ALT: () => this.CONSUME(word("UNSET")) }])
          })
          return { columns: undefined, values }
        }
      },
      {
        ALT: () => {
          const columns = this.SUBRULE(this.names)
          this.CONSUME(word("VALUES"))
          this.CONSUME(T.LeftParen)
          const values: Array<Term> = []
          this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => values.push(this.SUBRULE2(this.term)) })
          this.CONSUME(T.RightParen)
          return { columns, values }
        }
      }
    ])
    const isNew = this.SUBRULE(this.notExists)
    const using = this.SUBRULE(this.using)
    return { _tag: "Insert", table, columns, values, if: isNew ? "NOT EXISTS" : undefined, using }
  })

  readonly assignment: Rule<Assignment> = this.RULE("assignment", (): Assignment => {
    const column = this.SUBRULE(this.name)
    return this.choose<Assignment>(0, [
      {
        ALT: (): Assignment => {
          this.CONSUME(T.Equals)
          return this.choose<Assignment>(2, [
            {
              // `c = c + ?`, and `c = c -1`, whose sign belongs to the number.
              GATE: () => this.LA(2).tokenType !== T.LeftParen && this.LA(2).tokenType !== T.Dot,
              ALT: (): Assignment => {
                const source = this.SUBRULE2(this.name)
                return this.choose<Assignment>(3, [
                  {
                    ALT: (): Assignment => {
                      this.CONSUME(T.Plus)
                      return { _tag: "Add", column, term: this.SUBRULE(this.term), source }
                    }
                  },
                  {
                    ALT: (): Assignment => {
                      this.CONSUME(T.Minus)
                      return { _tag: "Subtract", column, term: this.SUBRULE2(this.term), source }
                    }
                  },
                  {
                    ALT: (): Assignment => {
                      const text = this.CONSUME(T.Integer).image
                      return { _tag: "Add", column, term: { _tag: "Constant", kind: "INTEGER", text }, source }
                    }
                  }
                ])
              }
            },
            {
              ALT: (): Assignment => {
                const term = this.SUBRULE(this.product)
                const source = this.OPTION(() => {
                  this.CONSUME2(T.Plus)
                  return this.SUBRULE3(this.name)
                })
                return source === undefined
                  ? { _tag: "Set", column, term }
                  : { _tag: "Prepend", column, term, source }
              }
            }
          ])
        }
      },
      {
        ALT: (): Assignment => {
          this.CONSUME(T.PlusEquals)
          return { _tag: "Add", column, term: this.SUBRULE4(this.term), source: column }
        }
      },
      {
        ALT: (): Assignment => {
          this.CONSUME(T.MinusEquals)
          return { _tag: "Subtract", column, term: this.SUBRULE5(this.term), source: column }
        }
      },
      {
        ALT: (): Assignment => {
          this.CONSUME(T.LeftBracket)
          const key = this.SUBRULE6(this.term)
          this.CONSUME(T.RightBracket)
          this.CONSUME2(T.Equals)
          return { _tag: "SetElement", column, key, term: this.SUBRULE7(this.term) }
        }
      },
      {
        ALT: (): Assignment => {
          this.CONSUME(T.Dot)
          const field = this.SUBRULE4(this.name)
          this.CONSUME3(T.Equals)
          return { _tag: "SetField", column, field, term: this.SUBRULE8(this.term) }
        }
      }
    ])
  })

  readonly update: Rule<Update> = this.RULE("update", (): Update => {
    this.CONSUME(word("UPDATE"))
    const table = this.SUBRULE(this.qualified)
    const using = this.SUBRULE(this.using)
    this.CONSUME(word("SET"))
    const assignments: Array<Assignment> = []
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => assignments.push(this.SUBRULE(this.assignment)) })
    const where = this.SUBRULE(this.where)
    const conditions = this.OPTION(() => this.SUBRULE(this.conditions))
    return { _tag: "Update", table, using, assignments, where, if: conditions }
  })

  readonly deleted: Rule<Deleted> = this.RULE("deleted", (): Deleted => {
    const column = this.SUBRULE(this.name)
    const path = this.OPTION(() =>
      this.choose<Pick<Deleted, "element" | "field">>(0, [
        {
          ALT: () => {
            this.CONSUME(T.LeftBracket)
            const element = this.SUBRULE(this.term)
            this.CONSUME(T.RightBracket)
            return { element }
          }
        },
        {
          ALT: () => {
            this.CONSUME(T.Dot)
            return { field: this.SUBRULE2(this.name) }
          }
        }
      ])
    )
    return { column, ...path }
  })

  readonly deletion: Rule<Delete> = this.RULE("deletion", (): Delete => {
    this.CONSUME(word("DELETE"))
    const deleted: Array<Deleted> = []
    this.MANY_SEP({ SEP: T.Comma, DEF: () => deleted.push(this.SUBRULE(this.deleted)) })
    this.CONSUME(word("FROM"))
    const table = this.SUBRULE(this.qualified)
    const using = this.OPTION2((): Using => {
      this.CONSUME(word("USING"))
      this.CONSUME(word("TIMESTAMP"))
      return { timestamp: this.SUBRULE(this.integer) }
    }) ?? {}
    const where = this.SUBRULE(this.where)
    const conditions = this.OPTION(() => this.SUBRULE(this.conditions))
    return { _tag: "Delete", table, deleted, using, where, if: conditions }
  })

  readonly mutation: Rule<Mutation> = this.RULE("mutation", (): Mutation =>
    this.choose<Mutation>(0, [
      { ALT: () => this.SUBRULE(this.insert) },
      { ALT: () => this.SUBRULE(this.update) },
      { ALT: () => this.SUBRULE(this.deletion) }
    ]))

  readonly batch: Rule<BatchText> = this.RULE("batch", (): BatchText => {
    this.CONSUME(word("BEGIN"))
    const type = this.OPTION(() =>
      this.choose<BatchText["type"]>(0, [
        { ALT: () => this.CONSUME(word("UNLOGGED")) && "unlogged" },
        { ALT: () => this.CONSUME(word("COUNTER")) && "counter" }
      ])
    ) ?? "logged"
    this.CONSUME(word("BATCH"))
    const using = this.SUBRULE(this.using)
    const mutations: Array<Mutation> = []
    this.MANY(() => {
      mutations.push(this.SUBRULE(this.mutation))
      this.OPTION2(() => this.CONSUME(T.Semicolon))
    })
    this.CONSUME(word("APPLY"))
    this.CONSUME2(word("BATCH"))
    return { _tag: "BatchText", type, using, mutations }
  })
}
