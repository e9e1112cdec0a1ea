/**
 * The grammar of SELECT, and of what it shares with the writes: WHERE and IF.
 */
import type { Condition, If, InList, Operator, Relation, Select, Selected, Selector, Term } from "./ast.ts"
import { TermsParser, word } from "./termsParser.ts"
import * as T from "./tokens.ts"

type Rule<A> = () => A

export abstract class QueryParser extends TermsParser {
  readonly operator: Rule<Operator> = this.RULE("operator", (): Operator =>
    this.choose<Operator>(0, [
      { ALT: () => this.CONSUME(T.Equals) && "=" },
      { ALT: () => this.CONSUME(T.Less) && "<" },
      { ALT: () => this.CONSUME(T.Greater) && ">" },
      { ALT: () => this.CONSUME(T.LessOrEqual) && "<=" },
      { ALT: () => this.CONSUME(T.GreaterOrEqual) && ">=" },
      { ALT: () => this.CONSUME(T.NotEquals) && "!=" }
    ]))

  /** A marker for the whole list, or the list. */
  readonly inList: Rule<InList> = this.RULE("inList", (): InList =>
    this.choose<InList>(0, [
      { ALT: () => this.SUBRULE(this.marker) },
      {
        ALT: () => {
          this.CONSUME(T.LeftParen)
          const terms: Array<Term> = []
          this.MANY_SEP({ SEP: T.Comma, DEF: () => terms.push(this.SUBRULE(this.term)) })
          this.CONSUME(T.RightParen)
          return terms
        }
      }
    ]))

  readonly names: Rule<ReadonlyArray<string>> = this.RULE("names", (): ReadonlyArray<string> => {
    const names: Array<string> = []
    this.CONSUME(T.LeftParen)
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => names.push(this.SUBRULE(this.name)) })
    this.CONSUME(T.RightParen)
    return names
  })

  readonly columnRelation: Rule<Relation> = this.RULE("columnRelation", (): Relation => {
    const column = this.SUBRULE(this.name)
    return this.choose<Relation>(0, [
      {
        ALT: (): Relation => {
          const operator = this.SUBRULE(this.operator)
          return { _tag: "Compare", column, operator, term: this.SUBRULE(this.term) }
        }
      },
      {
        ALT: (): Relation => {
          this.CONSUME(word("LIKE"))
          return { _tag: "Compare", column, operator: "LIKE", term: this.SUBRULE2(this.term) }
        }
      },
      {
        ALT: (): Relation => {
          this.CONSUME(word("IS"))
          this.CONSUME(word("NOT"))
          this.CONSUME(word("NULL"))
          return { _tag: "IsNotNull", column }
        }
      },
      {
        ALT: (): Relation => {
          this.CONSUME(word("IN"))
          return { _tag: "In", column, list: this.SUBRULE(this.inList) }
        }
      },
      {
        ALT: (): Relation => {
          this.CONSUME(word("CONTAINS"))
          const isKey = this.OPTION(() => this.CONSUME(word("KEY"))) !== undefined
          const operator = isKey ? "CONTAINS KEY" : "CONTAINS"
          return { _tag: "Compare", column, operator, term: this.SUBRULE3(this.term) }
        }
      },
      {
        ALT: (): Relation => {
          this.CONSUME(T.LeftBracket)
          const key = this.SUBRULE4(this.term)
          this.CONSUME(T.RightBracket)
          const operator = this.SUBRULE2(this.operator)
          return { _tag: "CompareElement", column, key, operator, term: this.SUBRULE5(this.term) }
        }
      }
    ])
  })

  readonly relation: Rule<Relation> = this.RULE("relation", (): Relation =>
    this.choose<Relation>(0, [
      {
        ALT: (): Relation => {
          this.CONSUME(word("TOKEN"))
          const columns = this.SUBRULE(this.names)
          const operator = this.SUBRULE(this.operator)
          return { _tag: "CompareToken", columns, operator, term: this.SUBRULE(this.term) }
        }
      },
      { ALT: () => this.SUBRULE(this.columnRelation) },
      {
        ALT: (): Relation => {
          const columns = this.SUBRULE2(this.names)
          return this.choose<Relation>(2, [
            {
              ALT: (): Relation => {
                this.CONSUME(word("IN"))
                return { _tag: "InTuples", columns, list: this.SUBRULE(this.inList) }
              }
            },
            {
              ALT: (): Relation => {
                const operator = this.SUBRULE2(this.operator)
                return { _tag: "CompareTuple", columns, operator, term: this.SUBRULE2(this.term) }
              }
            }
          ])
        }
      }
    ]))

  readonly where: Rule<ReadonlyArray<Relation>> = this.RULE("where", (): ReadonlyArray<Relation> => {
    const relations: Array<Relation> = []
    this.CONSUME(word("WHERE"))
    this.AT_LEAST_ONE_SEP({ SEP: word("AND"), DEF: () => relations.push(this.SUBRULE(this.relation)) })
    return relations
  })

  readonly condition: Rule<Condition> = this.RULE("condition", (): Condition => {
    const column = this.SUBRULE(this.name)
    const path = this.OPTION(() =>
      this.choose<Pick<Condition, "element" | "field">>(0, [
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
    return this.choose<Condition>(2, [
      {
        ALT: (): Condition => {
          const operator = this.SUBRULE(this.operator)
          return { column, ...path, operator, term: this.SUBRULE2(this.term), list: undefined }
        }
      },
      {
        ALT: (): Condition => {
          this.CONSUME(word("IN"))
          return { column, ...path, operator: "IN", term: undefined, list: this.SUBRULE(this.inList) }
        }
      },
      {
        ALT: (): Condition => {
          this.CONSUME(word("CONTAINS"))
          const isKey = this.OPTION2(() => this.CONSUME(word("KEY"))) !== undefined
          const operator = isKey ? "CONTAINS KEY" : "CONTAINS"
          return { column, ...path, operator, term: this.SUBRULE3(this.term), list: undefined }
        }
      }
    ])
  })

  readonly conditions: Rule<If> = this.RULE("conditions", (): If => {
    this.CONSUME(word("IF"))
    return this.choose<If>(0, [
      {
        ALT: () => {
          this.CONSUME(word("EXISTS"))
          return "EXISTS"
        }
      },
      {
        ALT: () => {
          const conditions: Array<Condition> = []
          this.AT_LEAST_ONE_SEP({ SEP: word("AND"), DEF: () => conditions.push(this.SUBRULE(this.condition)) })
          return conditions
        }
      }
    ])
  })

  readonly selectorBase: Rule<Selector> = this.RULE("selectorBase", (): Selector =>
    this.choose<Selector>(0, [
      {
        ALT: (): Selector => {
          this.CONSUME(word("COUNT"))
          this.CONSUME(T.LeftParen)
          const text = this.OR2([
            { ALT: () => this.CONSUME(T.Star).image },
            { ALT: () => this.CONSUME(T.Integer).image }
          ])
          this.CONSUME(T.RightParen)
          return { _tag: "CountRows", text }
        }
      },
      {
        ALT: (): Selector => {
          const name = this.OR3([
            { ALT: () => this.CONSUME(word("WRITETIME")) && "writetime" as const },
            { ALT: () => this.CONSUME(word("MAXWRITETIME")) && "maxwritetime" as const },
            { ALT: () => this.CONSUME(word("TTL")) && "ttl" as const }
          ])
          this.CONSUME2(T.LeftParen)
          const of = this.SUBRULE(this.selector)
          this.CONSUME2(T.RightParen)
          return { _tag: "WriteTimeOf", function: name, of }
        }
      },
      {
        ALT: (): Selector => {
          this.CONSUME(word("CAST"))
          this.CONSUME3(T.LeftParen)
          const of = this.SUBRULE2(this.selector)
          this.CONSUME(word("AS"))
          const type = this.SUBRULE(this.type)
          this.CONSUME3(T.RightParen)
          return { _tag: "CastOf", of, type }
        }
      },
      {
        GATE: () => this.LA(2).tokenType === T.LeftParen || this.LA(4).tokenType === T.LeftParen,
        ALT: (): Selector => {
          const name = this.SUBRULE(this.functionName)
          this.CONSUME4(T.LeftParen)
          const args: Array<Selector> = []
          this.MANY_SEP({ SEP: T.Comma, DEF: () => args.push(this.SUBRULE3(this.selector)) })
          this.CONSUME4(T.RightParen)
          return { _tag: "CallOf", name, args }
        }
      },
      { ALT: (): Selector => ({ _tag: "ColumnOf", column: this.SUBRULE(this.name) }) },
      { ALT: (): Selector => ({ _tag: "TermOf", term: this.SUBRULE(this.constant) }) },
      { ALT: (): Selector => ({ _tag: "TermOf", term: this.SUBRULE(this.marker) }) },
      { ALT: (): Selector => ({ _tag: "TermOf", term: this.SUBRULE(this.hint) }) }
    ]))

  readonly selector: Rule<Selector> = this.RULE("selector", (): Selector => {
    let selector = this.SUBRULE(this.selectorBase)
    this.MANY(() => {
      selector = this.choose<Selector>(0, [
        {
          ALT: (): Selector => {
            this.CONSUME(T.Dot)
            return { _tag: "FieldOf", of: selector, field: this.SUBRULE(this.name) }
          }
        },
        {
          ALT: (): Selector => {
            this.CONSUME(T.LeftBracket)
            const key = this.SUBRULE(this.term)
            const isSlice = this.OPTION(() => {
              this.CONSUME(T.Dots)
              return this.SUBRULE2(this.term)
            }) !== undefined
            this.CONSUME(T.RightBracket)
            return isSlice ? { _tag: "SliceOf", of: selector } : { _tag: "ElementOf", of: selector, key }
          }
        }
      ])
    })
    this.OPTION2(() => {
      const operator = this.OR2([
        { ALT: () => this.CONSUME(T.Plus) },
        { ALT: () => this.CONSUME(T.Minus) },
        { ALT: () => this.CONSUME(T.Star) },
        { ALT: () => this.CONSUME(T.Slash) },
        { ALT: () => this.CONSUME(T.Percent) }
      ]).image
      this.SUBRULE2(this.selector)
      selector = { _tag: "OperationOf", operator }
    })
    return selector
  })

  readonly selected: Rule<Selected> = this.RULE("selected", (): Selected => {
    const selector = this.SUBRULE(this.selector)
    const alias = this.OPTION(() => {
      this.CONSUME(word("AS"))
      return this.SUBRULE(this.name)
    })
    return { selector, alias }
  })

  readonly select: Rule<Select> = this.RULE("select", (): Select => {
    this.CONSUME(word("SELECT"))
    // Words that begin a SELECT, unless they are the names of columns.
    const isWord = (): boolean => {
      const after = this.LA(2).tokenType
      return after !== T.Comma && after !== T.Dot && after !== T.LeftBracket && after !== word("FROM") &&
        after !== word("AS")
    }
    const isJson = this.OPTION({ GATE: isWord, DEF: () => this.CONSUME(word("JSON")) }) !== undefined
    const isDistinct = this.OPTION2({ GATE: isWord, DEF: () => this.CONSUME(word("DISTINCT")) }) !== undefined
    const selected = this.choose<ReadonlyArray<Selected> | undefined>(0, [
      { ALT: () => this.CONSUME(T.Star) && undefined },
      {
        ALT: () => {
          const all: Array<Selected> = []
          this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => all.push(this.SUBRULE(this.selected)) })
          return all
        }
      }
    ])
    this.CONSUME(word("FROM"))
    const table = this.SUBRULE(this.qualified)
    const where = this.OPTION3(() => this.SUBRULE(this.where)) ?? []
    const groupBy: Array<string> = []
    let groupsByFunction = false
    this.OPTION4(() => {
      this.CONSUME(word("GROUP"))
      this.CONSUME(word("BY"))
      this.AT_LEAST_ONE_SEP2({
        SEP: T.Comma,
        DEF: () => {
          groupBy.push(this.SUBRULE(this.name))
          this.option(10, () => {
            groupsByFunction = true
            this.CONSUME3(T.LeftParen)
            this.MANY_SEP2({ SEP: T.Comma, DEF: () => this.SUBRULE(this.selector) })
            this.CONSUME3(T.RightParen)
          })
        }
      })
    })
    const orderBy: Array<{ readonly column: string; readonly isDescending: boolean }> = []
    let isAnn = false
    this.OPTION5(() => {
      this.CONSUME(word("ORDER"))
      this.CONSUME2(word("BY"))
      this.AT_LEAST_ONE_SEP3({
        SEP: T.Comma,
        DEF: () => {
          const column = this.SUBRULE2(this.name)
          this.OPTION6(() => {
            this.CONSUME(word("ANN"))
            this.CONSUME(word("OF"))
            this.SUBRULE(this.term)
            isAnn = true
          })
          const isDescending = this.OPTION7(() =>
            this.OR2([
              { ALT: () => this.CONSUME(word("ASC")) === undefined },
              { ALT: () => this.CONSUME(word("DESC")) !== undefined }
            ])
          ) ?? false
          orderBy.push({ column, isDescending })
        }
      })
    })
    const perPartitionLimit = this.OPTION8(() => {
      this.CONSUME(word("PER"))
      this.CONSUME(word("PARTITION"))
      this.CONSUME(word("LIMIT"))
      return this.SUBRULE(this.integer)
    })
    const limit = this.OPTION9(() => {
      this.CONSUME2(word("LIMIT"))
      return this.SUBRULE2(this.integer)
    })
    const allowFiltering = this.SUBRULE(this.filtering)
    return {
      _tag: "Select",
      table,
      isJson,
      isDistinct,
      selected,
      where,
      groupBy,
      groupsByFunction,
      orderBy,
      isAnn,
      perPartitionLimit,
      limit,
      allowFiltering
    }
  })

  readonly filtering: Rule<boolean> = this.RULE("filtering", (): boolean =>
    this.OPTION(() => {
      this.CONSUME(word("ALLOW"))
      return this.CONSUME(word("FILTERING"))
    }) !== undefined)
}
