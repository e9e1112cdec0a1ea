/**
 * The grammar of names, types and terms.
 */
import { EmbeddedActionsParser, type IParserConfig, type IToken, type TokenType } from "chevrotain"
import type { Name, Term, TypeName } from "./ast.ts"
import * as T from "./tokens.ts"

/** The token of a word of the language. */
export const word = (text: string): TokenType => {
  const found = T.keywords.get(text)
  if (found === undefined) throw new Error(`the grammar has no word ${text}`)
  return found
}

const unquoted = (image: string): string => image.slice(1, -1).replaceAll("\"\"", "\"")

const textOf = (image: string): string =>
  image.startsWith("$$") ? image.slice(2, -2) : image.slice(1, -1).replaceAll("''", "'")

const isNumber = ({ tokenType }: IToken): boolean =>
  tokenType === T.Integer || tokenType === T.Float || tokenType === word("NAN") || tokenType === word("INFINITY")

const options: IParserConfig = { maxLookahead: 3, recoveryEnabled: false, skipValidations: true }

type Rule<A> = () => A

export abstract class TermsParser extends EmbeddedActionsParser {
  #markers = 0

  constructor() {
    super(T.vocabulary, options)
  }

  /** The tokens of the next text to parse. */
  set tokens(tokens: Array<IToken>) {
    this.#markers = 0
    this.input = tokens
  }

  /** One of several productions, with one type for all of them. */
  protected choose<A>(
    index: number,
    alternatives: ReadonlyArray<{ readonly ALT: () => A; readonly GATE?: () => boolean }>
  ): A {
    return this.or(index, alternatives as never) as A
  }

  /** A name as the schema has it: in lower case, unless it is quoted. */
  readonly name: Rule<string> = this.RULE("name", () =>
    this.choose<string>(0, [
      { ALT: () => this.CONSUME(T.Word).image.toLowerCase() },
      { ALT: () => unquoted(this.CONSUME(T.Quoted).image) }
    ]))

  readonly qualified: Rule<Name> = this.RULE("qualified", (): Name => {
    const first = this.SUBRULE(this.name)
    const second = this.OPTION(() => {
      this.CONSUME(T.Dot)
      return this.SUBRULE2(this.name)
    })
    return second === undefined ? { keyspace: undefined, name: first } : { keyspace: first, name: second }
  })

  readonly type: Rule<TypeName> = this.RULE("type", (): TypeName =>
    this.choose<TypeName>(0, [
      {
        ALT: (): TypeName => {
          this.CONSUME(word("FROZEN"))
          this.CONSUME(T.Less)
          const type = this.SUBRULE(this.type)
          this.CONSUME(T.Greater)
          return { _tag: "Frozen", type }
        }
      },
      {
        ALT: (): TypeName => {
          const isList = this.OR2([
            { ALT: () => this.CONSUME(word("LIST")) !== undefined },
            { ALT: () => this.CONSUME(word("SET")) === undefined }
          ])
          this.CONSUME2(T.Less)
          const element = this.SUBRULE2(this.type)
          this.CONSUME2(T.Greater)
          return { _tag: isList ? "ListOf" : "SetOf", element }
        }
      },
      {
        ALT: (): TypeName => {
          this.CONSUME(word("MAP"))
          this.CONSUME3(T.Less)
          const key = this.SUBRULE3(this.type)
          this.CONSUME(T.Comma)
          const value = this.SUBRULE4(this.type)
          this.CONSUME3(T.Greater)
          return { _tag: "MapOf", key, value }
        }
      },
      {
        ALT: (): TypeName => {
          this.CONSUME(word("TUPLE"))
          this.CONSUME4(T.Less)
          const elements: Array<TypeName> = []
          this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => elements.push(this.SUBRULE5(this.type)) })
          this.CONSUME4(T.Greater)
          return { _tag: "TupleOf", elements }
        }
      },
      {
        ALT: (): TypeName => {
          this.CONSUME(word("VECTOR"))
          this.CONSUME5(T.Less)
          const element = this.SUBRULE6(this.type)
          this.CONSUME2(T.Comma)
          const dimension = Number(this.CONSUME(T.Integer).image)
          this.CONSUME5(T.Greater)
          return { _tag: "VectorOf", element, dimension }
        }
      },
      { ALT: (): TypeName => ({ _tag: "CustomClass", className: textOf(this.CONSUME(T.Text).image) }) },
      {
        ALT: (): TypeName => {
          const isQuoted = this.LA(1).tokenType === T.Quoted
          const { keyspace, name } = this.SUBRULE(this.qualified)
          return { _tag: "Named", keyspace, name, isQuoted }
        }
      }
    ]))

  readonly marker: Rule<Term> = this.RULE("marker", (): Term =>
    this.choose<Term>(0, [
      {
        ALT: (): Term => {
          this.CONSUME(T.Question)
          return { _tag: "Marker", index: this.#nextMarker(), name: undefined }
        }
      },
      {
        ALT: (): Term => {
          this.CONSUME(T.Colon)
          const name = this.SUBRULE(this.name)
          return { _tag: "Marker", index: this.#nextMarker(), name }
        }
      }
    ]))

  #nextMarker(): number {
    return this.RECORDING_PHASE ? 0 : this.#markers++
  }

  readonly constant: Rule<Term> = this.RULE("constant", (): Term =>
    this.choose<Term>(0, [
      { ALT: (): Term => ({ _tag: "Constant", kind: "STRING", text: textOf(this.CONSUME(T.Text).image) }) },
      { ALT: (): Term => ({ _tag: "Constant", kind: "INTEGER", text: this.CONSUME(T.Integer).image }) },
      { ALT: (): Term => ({ _tag: "Constant", kind: "FLOAT", text: this.CONSUME(T.Float).image }) },
      { ALT: (): Term => ({ _tag: "Constant", kind: "UUID", text: this.CONSUME(T.Uuid).image }) },
      { ALT: (): Term => ({ _tag: "Constant", kind: "HEX", text: this.CONSUME(T.Hex).image }) },
      { ALT: (): Term => ({ _tag: "Constant", kind: "DURATION", text: this.CONSUME(T.DurationText).image }) },
      { ALT: (): Term => ({ _tag: "Constant", kind: "BOOLEAN", text: this.CONSUME(word("TRUE")).image }) },
      { ALT: (): Term => ({ _tag: "Constant", kind: "BOOLEAN", text: this.CONSUME(word("FALSE")).image }) },
      {
        ALT: (): Term => {
          const isNegative = this.OPTION(() => this.CONSUME(T.Minus)) !== undefined
          const kind = this.LA(1).tokenType === T.Integer ? "INTEGER" : "FLOAT"
          const text = this.OR2([
            { ALT: () => this.CONSUME(word("NAN")) && "NaN" },
            { ALT: () => this.CONSUME(word("INFINITY")) && "Infinity" },
            // A minus and a number with space between them: that of the number itself is a part of its token.
            { ALT: () => this.CONSUME2(T.Integer).image },
            { ALT: () => this.CONSUME2(T.Float).image }
          ])
          return { _tag: "Constant", kind, text: isNegative && text !== "NaN" ? `-${text}`.replace(/^--/, "") : text }
        }
      }
    ]))

  /** A function by its name; the words that begin another production are none. */
  readonly functionName: Rule<string> = this.RULE("functionName", (): string =>
    this.choose<string>(0, [
      { ALT: () => this.CONSUME(word("TOKEN")).image.toLowerCase() },
      {
        ALT: () => {
          const { keyspace, name } = this.SUBRULE(this.qualified)
          return keyspace === undefined || keyspace === "system" ? name : `${keyspace}.${name}`
        }
      }
    ]))

  readonly call: Rule<Term> = this.RULE("call", (): Term => {
    const name = this.SUBRULE(this.functionName)
    this.CONSUME(T.LeftParen)
    const args: Array<Term> = []
    this.MANY_SEP({ SEP: T.Comma, DEF: () => args.push(this.SUBRULE(this.term)) })
    this.CONSUME(T.RightParen)
    return { _tag: "CallTerm", name, args }
  })

  /** A literal in braces: a set, a map, or the value of a user-defined type. */
  readonly braces: Rule<Term> = this.RULE("braces", (): Term => {
    this.CONSUME(T.LeftBrace)
    const term = this.choose<Term>(0, [
      {
        ALT: (): Term => {
          const fields: Array<readonly [string, Term]> = []
          this.AT_LEAST_ONE_SEP({
            SEP: T.Comma,
            DEF: () => {
              const field = this.SUBRULE(this.name)
              this.CONSUME(T.Colon)
              fields.push([field, this.SUBRULE(this.term)])
            }
          })
          return { _tag: "UdtTerm", fields }
        }
      },
      {
        ALT: (): Term => {
          const first = this.SUBRULE2(this.term)
          return this.choose<Term>(2, [
            {
              ALT: (): Term => {
                this.CONSUME2(T.Colon)
                const entries: Array<readonly [Term, Term]> = [[first, this.SUBRULE3(this.term)]]
                this.MANY(() => {
                  this.CONSUME(T.Comma)
                  const key = this.SUBRULE4(this.term)
                  this.CONSUME3(T.Colon)
                  entries.push([key, this.SUBRULE5(this.term)])
                })
                return { _tag: "MapTerm", entries }
              }
            },
            {
              ALT: (): Term => {
                const elements = [first]
                this.MANY2(() => {
                  this.CONSUME2(T.Comma)
                  elements.push(this.SUBRULE6(this.term))
                })
                return { _tag: "SetTerm", elements }
              }
            }
          ])
        }
      },
      { ALT: (): Term => ({ _tag: "SetTerm", elements: [] }) }
    ])
    this.CONSUME(T.RightBrace)
    return term
  })

  readonly brackets: Rule<Term> = this.RULE("brackets", (): Term => {
    this.CONSUME(T.LeftBracket)
    const elements: Array<Term> = []
    this.MANY_SEP({ SEP: T.Comma, DEF: () => elements.push(this.SUBRULE(this.term)) })
    this.CONSUME(T.RightBracket)
    return { _tag: "ListTerm", elements }
  })

  readonly tuple: Rule<Term> = this.RULE("tuple", (): Term => {
    this.CONSUME(T.LeftParen)
    const elements: Array<Term> = []
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => elements.push(this.SUBRULE(this.term)) })
    this.CONSUME(T.RightParen)
    return { _tag: "TupleTerm", elements }
  })

  readonly simpleTerm: Rule<Term> = this.RULE("simpleTerm", (): Term =>
    this.choose<Term>(0, [
      { ALT: () => this.SUBRULE(this.constant) },
      { ALT: (): Term => this.CONSUME(word("NULL")) && { _tag: "Null" } },
      { ALT: () => this.SUBRULE(this.marker) },
      { ALT: () => this.SUBRULE(this.brackets) },
      { ALT: () => this.SUBRULE(this.braces) },
      {
        ALT: (): Term => {
          this.CONSUME(word("CAST"))
          this.CONSUME(T.LeftParen)
          const term = this.SUBRULE(this.simpleTerm)
          this.CONSUME(word("AS"))
          this.SUBRULE(this.type)
          this.CONSUME(T.RightParen)
          return { _tag: "CallTerm", name: "cast", args: [term] }
        }
      },
      { ALT: () => this.SUBRULE(this.call) },
      {
        // Text alone is a tuple of one, and not a type by the name of its class.
        GATE: () => this.LA(2).tokenType !== T.Text,
        ALT: () => this.SUBRULE(this.hint)
      },
      { ALT: () => this.SUBRULE(this.tuple) }
    ]))

  /** A term whose type is written in front of it: `(int) ?`. */
  readonly hint: Rule<Term> = this.RULE("hint", (): Term => {
    this.CONSUME(T.LeftParen)
    const type = this.SUBRULE(this.type)
    this.CONSUME(T.RightParen)
    const term = this.SUBRULE(this.simpleTerm)
    return { _tag: "Hint", type, term }
  })

  readonly term: Rule<Term> = this.RULE("term", (): Term => {
    let left = this.SUBRULE(this.product)
    this.MANY(() => {
      const operator = this.OR([{ ALT: () => this.CONSUME(T.Plus) }, { ALT: () => this.CONSUME(T.Minus) }]).image
      left = { _tag: "Operation", operator, left, right: this.SUBRULE2(this.product) }
    })
    return left
  })

  readonly factor: Rule<Term> = this.RULE("factor", (): Term =>
    this.choose<Term>(0, [
      {
        // The minus of a number, also with space after it, belongs to the number.
        GATE: () => !isNumber(this.LA(2)),
        ALT: (): Term => {
          this.CONSUME(T.Minus)
          return { _tag: "Operation", operator: "-", left: undefined, right: this.SUBRULE(this.simpleTerm) }
        }
      },
      { ALT: () => this.SUBRULE2(this.simpleTerm) }
    ]))

  /** The integer of a USING or LIMIT: a constant or a marker, and no other term. */
  readonly integer: Rule<Term> = this.RULE("integer", (): Term =>
    this.choose<Term>(0, [
      { ALT: (): Term => ({ _tag: "Constant", kind: "INTEGER", text: this.CONSUME(T.Integer).image }) },
      { ALT: () => this.SUBRULE(this.marker) }
    ]))

  readonly product: Rule<Term> = this.RULE("product", (): Term => {
    let left = this.SUBRULE(this.factor)
    this.MANY(() => {
      const operator = this.OR([
        { ALT: () => this.CONSUME(T.Star) },
        { ALT: () => this.CONSUME(T.Slash) },
        { ALT: () => this.CONSUME(T.Percent) }
      ]).image
      left = { _tag: "Operation", operator, left, right: this.SUBRULE2(this.factor) }
    })
    return left
  })
}
