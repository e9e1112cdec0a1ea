/**
 * The grammar of what changes a schema.
 */
import type { ColumnDefinition, CreateTable, Definition, Properties, PropertyValue, TypeName } from "./ast.ts"
import { MutationParser } from "./mutationParser.ts"
import { word } from "./termsParser.ts"
import * as T from "./tokens.ts"

type Rule<A> = () => A

export abstract class DefinitionParser extends MutationParser {
  readonly propertyText: Rule<string> = this.RULE("propertyText", (): string => {
    const term = this.SUBRULE(this.constant)
    return this.RECORDING_PHASE || term._tag !== "Constant" ? "" : term.text
  })

  readonly propertyValue: Rule<PropertyValue> = this.RULE(
    "propertyValue",
    (): PropertyValue =>
      this.choose<PropertyValue>(0, [
        { ALT: () => this.SUBRULE(this.propertyText) },
        {
          ALT: () => {
            const entries: Array<readonly [string, string]> = []
            this.CONSUME(T.LeftBrace)
            this.MANY_SEP({
              SEP: T.Comma,
              DEF: () => {
                const key = this.SUBRULE2(this.propertyText)
                this.CONSUME(T.Colon)
                entries.push([key, this.SUBRULE3(this.propertyText)])
              }
            })
            this.CONSUME(T.RightBrace)
            return entries
          }
        }
      ])
  )

  readonly property: Rule<Properties[number]> = this.RULE("property", (): Properties[number] => {
    const name = this.SUBRULE(this.name)
    this.CONSUME(T.Equals)
    return [name, this.SUBRULE(this.propertyValue)]
  })

  readonly properties: Rule<Properties> = this.RULE("properties", (): Properties => {
    const properties: Array<Properties[number]> = []
    this.AT_LEAST_ONE_SEP({ SEP: word("AND"), DEF: () => properties.push(this.SUBRULE(this.property)) })
    return properties
  })

  readonly column: Rule<ColumnDefinition> = this.RULE("column", (): ColumnDefinition => {
    const name = this.SUBRULE(this.name)
    const type = this.SUBRULE(this.type)
    const isStatic = this.OPTION(() => this.CONSUME(word("STATIC"))) !== undefined
    const isPrimaryKey = this.OPTION2(() => {
      this.CONSUME(word("PRIMARY"))
      return this.CONSUME(word("KEY"))
    }) !== undefined
    return { name, type, isStatic, isPrimaryKey }
  })

  readonly primaryKey: Rule<CreateTable["keys"][number]> = this.RULE("primaryKey", () => {
    this.CONSUME(word("PRIMARY"))
    this.CONSUME(word("KEY"))
    this.CONSUME(T.LeftParen)
    const partition = this.choose<ReadonlyArray<string>>(0, [
      { ALT: () => [this.SUBRULE(this.name)] },
      { ALT: () => this.SUBRULE(this.names) }
    ])
    const clustering: Array<string> = []
    this.MANY(() => {
      this.CONSUME(T.Comma)
      clustering.push(this.SUBRULE2(this.name))
    })
    this.CONSUME(T.RightParen)
    return { partition, clustering }
  })

  readonly createTable: Rule<Definition> = this.RULE("createTable", (): Definition => {
    this.OR([{ ALT: () => this.CONSUME(word("TABLE")) }, { ALT: () => this.CONSUME(word("COLUMNFAMILY")) }])
    const ifNotExists = this.SUBRULE(this.notExists)
    const table = this.SUBRULE(this.qualified)
    const columns: Array<ColumnDefinition> = []
    const keys: Array<CreateTable["keys"][number]> = []
    this.CONSUME(T.LeftParen)
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () =>
        this.OR2([
          { ALT: () => keys.push(this.SUBRULE(this.primaryKey)) },
          { ALT: () => columns.push(this.SUBRULE(this.column)) }
        ])
    })
    this.CONSUME(T.RightParen)
    const order: Array<CreateTable["order"][number]> = []
    const properties: Array<Properties[number]> = []
    let isCompact = false
    this.OPTION(() => {
      this.CONSUME(word("WITH"))
      this.AT_LEAST_ONE_SEP2({
        SEP: word("AND"),
        DEF: () =>
          this.OR3([
            {
              ALT: () => {
                this.CONSUME(word("CLUSTERING"))
                this.CONSUME(word("ORDER"))
                this.CONSUME(word("BY"))
                this.CONSUME2(T.LeftParen)
                this.AT_LEAST_ONE_SEP3({
                  SEP: T.Comma,
                  DEF: () => {
                    const column = this.SUBRULE(this.name)
                    const isDescending = this.OPTION2(() =>
                      this.OR4([
                        { ALT: () => this.CONSUME(word("ASC")) === undefined },
                        { ALT: () => this.CONSUME(word("DESC")) !== undefined }
                      ])
                    ) ?? false
                    order.push({ column, isDescending })
                  }
                })
                this.CONSUME2(T.RightParen)
              }
            },
            {
              ALT: () => {
                this.CONSUME(word("COMPACT"))
                this.CONSUME(word("STORAGE"))
                isCompact = true
              }
            },
            { ALT: () => properties.push(this.SUBRULE(this.property)) }
          ])
      })
    })
    return { _tag: "CreateTable", table, ifNotExists, columns, keys, order, isCompact, properties }
  })

  readonly createType: Rule<Definition> = this.RULE("createType", (): Definition => {
    this.CONSUME(word("TYPE"))
    const ifNotExists = this.SUBRULE(this.notExists)
    const type = this.SUBRULE(this.qualified)
    const fields: Array<readonly [string, TypeName]> = []
    this.CONSUME(T.LeftParen)
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        const name = this.SUBRULE(this.name)
        fields.push([name, this.SUBRULE(this.type)])
      }
    })
    this.CONSUME(T.RightParen)
    return { _tag: "CreateType", type, ifNotExists, fields }
  })
}
