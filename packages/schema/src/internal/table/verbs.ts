/**
 * The verbs of a table. Each makes a query for the shape of what it is given, once, and binds it.
 */
import { Query, type Statement } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { quoted } from "@effect-cql/core/Cql"
import * as Schema from "effect/Schema"
import { Count } from "../../CqlScalar.ts"
import type { ColumnMeta, Meta } from "../../TableMeta.ts"
import type { ConditionalOptions, WriteOptions } from "../../TableTypes.ts"
import { checkIndexed, checkWhere } from "./answerable.ts"
import { askedOf, conditionsBound, shapeOf } from "./asked.ts"
import { assignmentsOf, changed, isIdempotent, isList, refuse } from "./assignments.ts"
import { paramsOf, rowOf } from "./codecs.ts"
import { given, pick, takingRows } from "./given.ts"
import { incrementsOf } from "./increments.ts"
import {
  type AnyQuery,
  checkColumns,
  limited,
  limitMarkers,
  limitsOf,
  type Record_,
  selectionName,
  type SelectOptions,
  timeMarkers,
  timesOf
} from "./limits.ts"
import { checkOptions, checkRecord, checkTexts, present } from "./options.ts"
import * as Texts from "./texts.ts"
import { conditionsOf } from "./where.ts"

/** The names of all verbs. */
export const verbNames = [
  "get",
  "select",
  "count",
  "insert",
  "upsert",
  "update",
  "updateStatic",
  "delete",
  "deleteWhere",
  "statics",
  "increment"
] as const

type AnyStatement = Statement.Statement<unknown>

/** The verbs of a table, by name. */
export const makeVerbs = (meta: Meta): Readonly<Record<string, unknown>> => {
  const { clusteringKey, columns, isCounter, partitionKey } = meta
  const at = `table ${meta.keyspace}.${meta.table}`
  const key = [...partitionKey, ...clusteringKey]
  const statics = columns.filter(({ kind }) => kind === "static")
  const fields = [...columns.map(({ field }) => field), ...meta.otherFields]
  const queries = new Map<string, AnyQuery>()
  const rows = new Map<string, Schema.ConstraintDecoder<unknown>>()

  const rowFor = (of: ReadonlyArray<ColumnMeta>): Schema.ConstraintDecoder<unknown> => {
    const name = of.map(({ field }) => field).join(" ")
    const found = rows.get(name)
    if (found !== undefined) return found
    const made: Schema.ConstraintDecoder<unknown> = rowOf(meta, of)
    rows.set(name, made)
    return made
  }

  const queryOf = (
    shape: string,
    make: () => Texts.Shape,
    row: Schema.ConstraintDecoder<unknown> | undefined,
    idempotent?: boolean
  ): AnyQuery => {
    const found = queries.get(shape)
    if (found !== undefined) return found
    const { markers, text, unused = [] } = make()
    const query = Query.make(text, { params: paramsOf(markers), row, idempotent })
    const made = takingRows(query, markers, [...fields, ...unused])
    queries.set(shape, made)
    return made
  }

  const bind = (query: AnyQuery, record: object): AnyStatement => query[Query.TypeId].bind({ ...record })

  /** A verb that is a query as well. */
  const verb = (call: (...args: ReadonlyArray<never>) => AnyStatement, query: AnyQuery): object =>
    Object.assign(call, { [Query.TypeId]: query[Query.TypeId], text: query.text, options: query.options })

  const writing = (how: "insert" | "upsert", ifNotExists: boolean) => {
    const query = (times: object) =>
      queryOf(
        `${how} ${ifNotExists} ${Object.keys(times).join(" ")}`,
        () => Texts.insertShape(meta, how, ifNotExists, timeMarkers(times)),
        ifNotExists ? rowFor(columns) : undefined,
        ifNotExists || columns.some(isList) ? undefined : true
      )
    const call = (row: object, options?: WriteOptions) => {
      checkRecord(at, "row", row)
      checkOptions(at, ifNotExists ? "ifNotExists" : "insert", options)
      const times = timesOf(options)
      return bind(query(times), { ...given(row, columns), ...times })
    }
    return verb(call, query({}))
  }

  const selectQuery = (tokens: ReadonlyArray<string>, options: SelectOptions, expression?: string) => {
    const { after, allowFiltering = false, columns: names, reversed = false } = options
    checkColumns(at, names)
    return queryOf(
      selectionName(tokens, options, expression),
      () => {
        const conditions = checkWhere(at, conditionsOf(meta, tokens))
        checkIndexed(at, meta, conditions, { reversed, allowFiltering })
        if (reversed && clusteringKey.length === 0) {
          refuse(`${at}: reversed`, "true", "a table with a clustering key")
        }
        return Texts.selectShape(meta, {
          columns: chosen(names),
          conditions,
          after: after !== undefined,
          reversed,
          limits: limitMarkers(options),
          allowFiltering,
          expression
        })
      },
      expression === undefined ? rowFor(chosen(names)) : counted
    )
  }

  const chosen = (names: ReadonlyArray<string> | undefined): ReadonlyArray<ColumnMeta> =>
    names === undefined ? columns : names.map((name) =>
      columns.find(({ field }) => field === name) ??
        refuse(`${at}: columns`, JSON.stringify(name), "names of its columns")
    )

  const select = (where: Record_, options: SelectOptions = {}) => {
    checkRecord(at, "where", where)
    checkOptions(at, "select", options)
    const bound: Record<string, unknown> = { ...where, ...limitsOf(options) }
    for (const column of options.after === undefined ? [] : clusteringKey) {
      bound[Texts.afterKey(column)] = Check.value(
        `${at}: after.${column.field}`,
        options.after?.[column.field],
        present
      )
    }
    return bind(selectQuery(Object.keys(where), options), bound)
  }

  // A partition of static columns alone has one row without a clustering key, which is none of the table.
  const counting = `count(${statics.length === 0 ? "*" : quoted(clusteringKey[0]!.name)}) AS count`

  const count = (where: Record_, options: SelectOptions = {}) => {
    checkRecord(at, "where", where)
    checkOptions(at, "count", options)
    return bind(selectQuery(Object.keys(where), { allowFiltering: options.allowFiltering }, counting), where)
  }

  const rowOfAsked = (asked: Texts.Asked) =>
    asked === "exists" || asked.length === 0
      ? undefined
      : rowFor([...new Set(asked.map(({ column }) => column))])

  const updating = (of: ReadonlyArray<ColumnMeta>, settable: ReadonlyArray<ColumnMeta>, name: string) => {
    const assignmentsFor = (set: Record_) => assignmentsOf(at, name, settable, set)
    const queryFor = (assignments: ReadonlyArray<Texts.Assignment>, asked: Texts.Asked, times: object) =>
      queryOf(
        [
          name,
          ...assignments.map(({ column, operation }) => `${column.field} ${operation}`),
          "|",
          shapeOf(asked),
          ...Object.keys(times)
        ]
          .join(),
        () => Texts.updateShape(meta, of, assignments, asked, timeMarkers(times)),
        rowOfAsked(asked),
        asked !== "exists" && asked.length === 0 ? isIdempotent(assignments) : undefined
      )
    const call = (row: object, set: Record_, options?: ConditionalOptions<Record_>) => {
      checkRecord(at, "key", row)
      checkRecord(at, "set", set)
      checkOptions(at, "update", options)
      const assignments = assignmentsFor(set)
      const times = timesOf(options)
      const values = Object.fromEntries(
        assignments.map(({ column, marker }) => [marker.key, changed(set[column.field])])
      )
      const query = queryFor(assignments, askedOf(meta, at, options), times)
      return bind(query, { ...given(row, of), ...values, ...conditionsBound(options), ...times })
    }
    const query = (fields: ReadonlyArray<string>) => {
      checkTexts(at, "columns", fields)
      return queryFor(assignmentsFor(Object.fromEntries(fields.map((field) => [field, null]))), [], {})
    }
    return Object.assign(call, { query })
  }

  const deleteOne = () => {
    const queryFor = (asked: Texts.Asked, times: object) =>
      queryOf(
        ["delete", shapeOf(asked), ...Object.keys(times)].join(),
        () => Texts.deleteShape(meta, key, asked, timeMarkers(times)),
        rowOfAsked(asked)
      )
    const call = (row: object, options?: ConditionalOptions<Record_>) => {
      checkRecord(at, "key", row)
      checkOptions(at, "delete", options)
      const times = timesOf({ timestamp: options?.timestamp })
      return bind(queryFor(askedOf(meta, at, options), times), {
        ...given(row, key),
        ...conditionsBound(options),
        ...times
      })
    }
    return verb(call, queryFor([], {}))
  }

  const deleteWhere = (where: Record_, options?: WriteOptions) => {
    checkRecord(at, "where", where)
    checkOptions(at, "deleteWhere", options)
    const tokens = Object.keys(where)
    const times = timesOf({ timestamp: options?.timestamp })
    const query = queryOf(
      ["deleteWhere", ...tokens, "|", ...Object.keys(times)].join(),
      () => Texts.deleteWhereShape(meta, checkWhere(at, conditionsOf(meta, tokens)), timeMarkers(times)),
      undefined
    )
    return bind(query, { ...where, ...times })
  }

  const reading = (of: ReadonlyArray<ColumnMeta>, by: ReadonlyArray<ColumnMeta>, expression?: string) => {
    const query = queryOf(
      `get ${of.map(({ field }) => field).join()} ${by.length}`,
      () => {
        const conditions = conditionsOf(meta, by.map(({ field }) => field))
        const base = {
          columns: of,
          conditions,
          after: false,
          reversed: false,
          limits: [],
          allowFiltering: false,
          expression
        }
        return Texts.selectShape(meta, base)
      },
      rowFor(of)
    )
    return verb((row: object) => bind(query, given(checkRecord(at, "key", row), by)), query)
  }

  const increment = (row: object, amounts: Record_) => {
    checkRecord(at, "key", row)
    checkRecord(at, "amounts", amounts)
    const assignments = incrementsOf(at, columns, amounts)
    const query = queryOf(
      ["increment", ...assignments.map(({ column }) => column.field)].join(),
      () => Texts.updateShape(meta, key, assignments, [], []),
      undefined,
      false
    )
    return bind(query, { ...given(row, key), ...pick(amounts, assignments.map(({ column }) => column)) })
  }

  const regular = columns.filter(({ kind }) => kind === "regular" || kind === "static")
  const reads = {
    get: reading(columns, key),
    select: Object.assign(select, {
      query: (tokens: ReadonlyArray<string>, options: SelectOptions = {}) => {
        checkTexts(at, "where", tokens)
        checkOptions(at, "query", options)
        return limited(selectQuery(tokens, options), options)
      }
    }),
    count
  }
  if (isCounter) return { ...reads, increment, delete: deleteOne() }
  const insert = Object.assign(writing("insert", false), { ifNotExists: writing("insert", true) })
  const ofStatics = [...partitionKey, ...statics]
  const distinct = `DISTINCT ${ofStatics.map(({ name }) => quoted(name)).join(", ")}`
  return {
    ...reads,
    insert,
    upsert: writing("upsert", false),
    update: updating(key, regular, "update"),
    updateStatic: updating(partitionKey, statics, "updateStatic"),
    delete: deleteOne(),
    deleteWhere,
    ...(statics.length === 0 ? {} : { statics: reading(ofStatics, partitionKey, distinct) })
  }
}

const counted: Schema.ConstraintDecoder<unknown> = Schema.Struct({ count: Count })
