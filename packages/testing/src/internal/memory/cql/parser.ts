/**
 * The grammar of whole statements, and the parser of texts.
 */
import type { ColumnDefinition, CqlStatement, Definition, PropertyValue } from "./ast.ts"
import { DefinitionParser } from "./definitionParser.ts"
import { word } from "./termsParser.ts"
import * as T from "./tokens.ts"

type Rule<A> = () => A
type Of<Tag extends Definition["_tag"]> = Extract<Definition, { readonly _tag: Tag }>

/** Remainder of a text that does not parse. */
export interface Misparsed {
  readonly _tag: "Misparsed"
  readonly message: string
}

class CqlParser extends DefinitionParser {
  constructor() {
    super()
    this.performSelfAnalysis()
  }

  readonly createKeyspace: Rule<Definition> = this.RULE("createKeyspace", (): Definition => {
    this.OR([{ ALT: () => this.CONSUME(word("KEYSPACE")) }, { ALT: () => this.CONSUME(word("SCHEMA")) }])
    const isConditional = this.SUBRULE(this.notExists)
    const name = this.SUBRULE(this.name)
    this.CONSUME(word("WITH"))
    return { _tag: "CreateKeyspace", name, isConditional, properties: this.SUBRULE(this.properties) }
  })

  readonly createIndex: Rule<Definition> = this.RULE("createIndex", (): Definition => {
    const isCustom = this.OPTION(() => this.CONSUME(word("CUSTOM"))) !== undefined
    this.CONSUME(word("INDEX"))
    const ifNotExists = this.SUBRULE(this.notExists)
    const name = this.OPTION2(() => this.SUBRULE(this.name))
    this.CONSUME(word("ON"))
    const table = this.SUBRULE(this.qualified)
    this.CONSUME(T.LeftParen)
    const { column, target } = this.choose<Pick<Of<"CreateIndex">, "column" | "target">>(0, [
      {
        GATE: () => this.LA(2).tokenType === T.LeftParen,
        ALT: () => {
          const target = this.choose<Of<"CreateIndex">["target"]>(2, [
            { ALT: () => this.CONSUME(word("KEYS")) && "keys" },
            { ALT: () => this.CONSUME(word("VALUES")) && "values" },
            { ALT: () => this.CONSUME(word("ENTRIES")) && "entries" },
            { ALT: () => this.CONSUME(word("FULL")) && "full" }
          ])
          this.CONSUME2(T.LeftParen)
          const column = this.SUBRULE2(this.name)
          this.CONSUME2(T.RightParen)
          return { column, target }
        }
      },
      { ALT: () => ({ column: this.SUBRULE3(this.name), target: undefined }) }
    ])
    this.CONSUME(T.RightParen)
    const className = this.OPTION3(() => {
      this.CONSUME(word("USING"))
      return this.SUBRULE(this.propertyText)
    })
    const options = this.OPTION4((): PropertyValue => {
      this.CONSUME(word("WITH"))
      this.CONSUME(word("OPTIONS"))
      this.CONSUME(T.Equals)
      return this.SUBRULE(this.propertyValue)
    }) ?? []
    const using = className ?? (isCustom ? "" : undefined)
    return { _tag: "CreateIndex", name, table, ifNotExists, column, target, className: using, options }
  })

  readonly alterTable: Rule<Definition> = this.RULE("alterTable", (): Definition => {
    this.OR([{ ALT: () => this.CONSUME(word("TABLE")) }, { ALT: () => this.CONSUME(word("COLUMNFAMILY")) }])
    const ifExists = this.SUBRULE(this.exists)
    const table = this.SUBRULE(this.qualified)
    const change = this.choose<Of<"AlterTable">["change"]>(2, [
      {
        ALT: () => {
          this.CONSUME(word("ADD"))
          const ifNotExists = this.SUBRULE(this.notExists)
          const columns = this.OR3([
            {
              ALT: () => {
                const columns: Array<ColumnDefinition> = []
                this.CONSUME(T.LeftParen)
                this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => columns.push(this.SUBRULE(this.column)) })
                this.CONSUME(T.RightParen)
                return columns
              }
            },
            { ALT: () => [this.SUBRULE2(this.column)] }
          ])
          return { _tag: "AddColumns", ifNotExists, columns }
        }
      },
      {
        ALT: () => {
          this.CONSUME(word("DROP"))
          const ifExists = this.SUBRULE2(this.exists)
          const columns = this.choose<ReadonlyArray<string>>(4, [
            { ALT: () => this.SUBRULE(this.names) },
            { ALT: () => [this.SUBRULE(this.name)] }
          ])
          return { _tag: "DropColumns", ifExists, columns }
        }
      },
      {
        ALT: () => {
          this.CONSUME(word("RENAME"))
          this.SUBRULE3(this.exists)
          return { _tag: "RenameColumns", columns: this.SUBRULE(this.renamings) }
        }
      },
      {
        ALT: () => {
          this.CONSUME(word("WITH"))
          return { _tag: "SetProperties", properties: this.SUBRULE(this.properties) }
        }
      }
    ])
    return { _tag: "AlterTable", table, ifExists, change }
  })

  readonly renamings: Rule<ReadonlyArray<readonly [string, string]>> = this.RULE("renamings", () => {
    const renamings: Array<readonly [string, string]> = []
    this.AT_LEAST_ONE_SEP({
      SEP: word("AND"),
      DEF: () => {
        const from = this.SUBRULE(this.name)
        this.CONSUME(word("TO"))
        renamings.push([from, this.SUBRULE2(this.name)])
      }
    })
    return renamings
  })

  readonly alterType: Rule<Definition> = this.RULE("alterType", (): Definition => {
    this.CONSUME(word("TYPE"))
    const ifExists = this.SUBRULE(this.exists)
    const type = this.SUBRULE(this.qualified)
    const change = this.choose<Of<"AlterType">["change"]>(0, [
      {
        ALT: () => {
          this.CONSUME(word("ADD"))
          const ifNotExists = this.SUBRULE(this.notExists)
          const field = this.SUBRULE(this.name)
          return { _tag: "AddField", field, type: this.SUBRULE(this.type), ifNotExists }
        }
      },
      {
        ALT: () => {
          this.CONSUME(word("RENAME"))
          const ifExists = this.SUBRULE2(this.exists)
          return { _tag: "RenameFields", ifExists, fields: this.SUBRULE(this.renamings) }
        }
      }
    ])
    return { _tag: "AlterType", type, ifExists, change }
  })

  readonly drop: Rule<Definition> = this.RULE("drop", (): Definition => {
    this.CONSUME(word("DROP"))
    const what = this.choose<Of<"Drop">["what"]>(0, [
      { ALT: () => this.CONSUME(word("TABLE")) && "table" },
      { ALT: () => this.CONSUME(word("COLUMNFAMILY")) && "table" },
      { ALT: () => this.CONSUME(word("TYPE")) && "type" },
      { ALT: () => this.CONSUME(word("KEYSPACE")) && "keyspace" },
      { ALT: () => this.CONSUME(word("SCHEMA")) && "keyspace" },
      { ALT: () => this.CONSUME(word("INDEX")) && "index" }
    ])
    const ifExists = this.SUBRULE(this.exists)
    return { _tag: "Drop", what, name: this.SUBRULE(this.qualified), ifExists }
  })

  readonly definition: Rule<Definition> = this.RULE("definition", (): Definition =>
    this.choose<Definition>(0, [
      {
        ALT: () => {
          this.CONSUME(word("CREATE"))
          return this.choose<Definition>(2, [
            { ALT: () => this.SUBRULE(this.createTable) },
            { ALT: () => this.SUBRULE(this.createType) },
            { ALT: () => this.SUBRULE(this.createKeyspace) },
            { ALT: () => this.SUBRULE(this.createIndex) }
          ])
        }
      },
      {
        ALT: () => {
          this.CONSUME(word("ALTER"))
          return this.choose<Definition>(3, [
            { ALT: () => this.SUBRULE(this.alterTable) },
            { ALT: () => this.SUBRULE(this.alterType) },
            {
              ALT: (): Definition => {
                this.CONSUME(word("KEYSPACE"))
                const isConditional = this.SUBRULE(this.exists)
                const name = this.SUBRULE(this.name)
                this.CONSUME(word("WITH"))
                return { _tag: "AlterKeyspace", name, isConditional, properties: this.SUBRULE(this.properties) }
              }
            }
          ])
        }
      },
      { ALT: () => this.SUBRULE(this.drop) },
      {
        ALT: (): Definition => {
          this.CONSUME(word("TRUNCATE"))
          this.OPTION(() => this.CONSUME(word("TABLE")))
          return { _tag: "Truncate", table: this.SUBRULE(this.qualified) }
        }
      }
    ]))

  readonly statement: Rule<CqlStatement> = this.RULE("statement", (): CqlStatement => {
    const statement = this.choose<CqlStatement>(0, [
      { ALT: () => this.SUBRULE(this.select) },
      { ALT: () => this.SUBRULE(this.mutation) },
      { ALT: () => this.SUBRULE(this.batch) },
      { ALT: () => this.SUBRULE(this.definition) },
      {
        ALT: (): CqlStatement => {
          this.CONSUME(word("USE"))
          return { _tag: "Use", keyspace: this.SUBRULE(this.name) }
        }
      }
    ])
    this.MANY(() => this.CONSUME(T.Semicolon))
    return statement
  })
}

// Analysing the grammar takes longer than parsing: once, and only where it is used.
let parser: CqlParser | undefined

/** The syntax tree of a text, or why there is none. */
export const parse = (text: string): CqlStatement | Misparsed => {
  const { failedAt, tokens } = T.scan(text)
  if (failedAt !== undefined) return misparsed(text, failedAt, text[failedAt] ?? "")
  const huge = tokens.find(({ image, tokenType }) => tokenType === T.Float && !Number.isFinite(Number(image)))
  if (huge !== undefined) {
    const reason = "NumberFormatException Character I is neither a decimal digit number, decimal point, nor \"e\" " +
      "notation exponential mark."
    return { _tag: "Misparsed", message: `Failed parsing statement: [${text}] reason: ${reason}` }
  }
  parser ??= new CqlParser()
  parser.tokens = tokens
  const statement = parser.statement()
  const [error] = parser.errors
  if (error === undefined) return statement
  const { image, startOffset } = error.token
  return misparsed(text, Number.isNaN(startOffset) ? text.length : startOffset, image === "" ? "<EOF>" : image)
}

const misparsed = (text: string, offset: number, image: string): Misparsed => {
  const lines = text.slice(0, offset).split("\n")
  return {
    _tag: "Misparsed",
    message: `line ${lines.length}:${lines.at(-1)?.length ?? 0} no viable alternative at input '${image}'`
  }
}
