/**
 * The expressions of a SELECT clause.
 */
import { average, cast, castType, sum } from "./casts.ts"
import type { Selected, Selector, Term } from "./cql/ast.ts"
import { termText } from "./cql/termText.ts"
import type { Environment } from "./environment.ts"
import { invalid, unsupported } from "./failures.ts"
import { choose, isFunction } from "./functions.ts"
import { type Live, valueOf } from "./live.ts"
import { lifeExpression } from "./lives.ts"
import { unset } from "./markers.ts"
import { token } from "./murmur3.ts"
import type { Column, Table } from "./schema.ts"
import { keyBytes } from "./store.ts"
import { evaluate, preferredType } from "./terms.ts"
import { checkArguments } from "./tokens.ts"
import { comparator } from "./values/compare.ts"
import { toJson } from "./values/json.ts"
import { fits } from "./values/literal.ts"
import { type CqlType, resolveType, sameType, scalar, type ScalarName, schemaText } from "./values/types.ts"

/** An expression: its value for a group of rows. A plain expression uses the first row. */
export interface Expression {
  readonly name: string
  readonly type: CqlType
  readonly isAggregate: boolean
  readonly of: (group: ReadonlyArray<Live>) => unknown
  /** The column, where it is nothing else. */
  readonly column?: Column | undefined
}

const bigint = scalar("bigint")

export const columnExpression = (column: Column): Expression => ({
  name: column.name,
  type: column.type,
  isAggregate: false,
  column,
  of: ([live]) => live === undefined ? null : valueOf(live, column)
})

export const compile = (table: Table, { alias, selector }: Selected, environment: Environment): Expression => {
  const expression = expressionOf(table, selector, environment)
  return alias === undefined ? expression : { ...expression, name: alias }
}

const expressionOf = (table: Table, selector: Selector, environment: Environment): Expression => {
  const { fieldsOf } = environment.schema
  switch (selector._tag) {
    case "ColumnOf":
      return columnExpression(table.column(selector.column))
    case "CountRows":
      return { name: "count", type: bigint, isAggregate: true, of: (group) => BigInt(group.length) }
    case "FieldOf": {
      const of = expressionOf(table, selector.of, environment)
      const { type } = of
      if (type._tag !== "Udt") {
        throw invalid(`Invalid field selection: ${of.name} of type ${schemaText(type)} is not a user type`)
      }
      const field = fieldsOf(type.keyspace, type.name).find(({ name }) => name === selector.field)
      if (field === undefined) throw invalid(`${of.name} of type ${schemaText(type)} has no field ${selector.field}`)
      return derived(
        of,
        `${of.name}.${selector.field}`,
        field.type,
        (value) => (value as Readonly<Record<string, unknown>>)[selector.field] ?? null
      )
    }
    case "ElementOf":
      return elementExpression(table, selector.of, selector.key, environment)
    case "SliceOf":
      throw unsupported("a slice of a collection", "Select the collection and slice it in the program.")
    case "OperationOf":
      throw unsupported(
        `the operator ${selector.operator} in a SELECT clause`,
        "Select the columns and compute in the program."
      )
    case "WriteTimeOf":
      return lifeExpression(table, selector, environment)
    case "CastOf": {
      const of = expressionOf(table, selector.of, environment)
      const type = castType(selector.type)
      if (sameType(of.type, type)) return of
      const name = `cast(${of.name} as ${schemaText(type)})`
      return derived(of, name, type, cast(of.name, of.type, type, selector.type, fieldsOf))
    }
    case "CallOf":
      return callExpression(table, selector.name, selector.args, environment)
    case "TermOf":
      return termExpression(selector.term, environment)
  }
}

/** An expression of another one's value; null stays null. */
const derived = (
  of: Expression,
  name: string,
  type: CqlType,
  apply: (value: unknown) => unknown
): Expression => ({
  name,
  type,
  isAggregate: of.isAggregate,
  of: (group) => {
    const value = of.of(group)
    return value === null ? null : apply(value)
  }
})

const elementExpression = (table: Table, selector: Selector, term: Term, environment: Environment): Expression => {
  const of = expressionOf(table, selector, environment)
  const { type } = of
  if (type._tag !== "Map" && type._tag !== "Set") {
    if (type._tag === "List") {
      throw invalid(`Element selection is only allowed on sets and maps, but ${of.name} is a list`)
    }
    throw invalid(`Invalid element selection: ${of.name} is of type ${schemaText(type)} is not a collection`)
  }
  const keyType = type._tag === "Map" ? type.key : type.element
  const key = evaluate(term, { name: `key(${of.name})`, type: keyType }, environment)
  if (term._tag === "Null") throw unsupported("an element by the key null", "Bind the key.")
  if (key === null || key === unset) {
    throw invalid(`Invalid ${key === null ? "null" : "unset"} value for element selection on ${of.name}`)
  }
  const compare = comparator(keyType, environment.schema.fieldsOf)
  const name = `${of.name}[${termText(term)}]`
  return derived(of, name, type._tag === "Map" ? type.value : type.element, (value) => {
    if (value instanceof Map) {
      for (const [each, element] of value) if (compare(each, key) === 0) return element
      return null
    }
    return Array.from(value as Iterable<unknown>).find((each) => compare(each, key) === 0) ?? null
  })
}

const aggregates: ReadonlySet<string> = new Set(["count", "min", "max", "sum", "avg"])

const callExpression = (
  table: Table,
  name: string,
  selectors: ReadonlyArray<Selector>,
  environment: Environment
): Expression => {
  if (name === "token") return tokenExpression(table, selectors, environment)
  if (aggregates.has(name)) return aggregateExpression(table, name, selectors, environment)
  const args = selectors.map((selector) =>
    selector._tag === "TermOf" && selector.term._tag !== "Hint" ? undefined : expressionOf(table, selector, environment)
  )
  const shown = (names: ReadonlyArray<string>) => `system.${name}(${names.join(", ")})`
  if (name === "tojson" || name === "to_json") {
    const [selector] = selectors
    const preferred = selector?._tag === "TermOf" ? preferredType(selector.term) : undefined
    const arg = preferred === undefined ? args[0] : typedTerm(selector, preferred, environment)
    if (arg === undefined || args.length !== 1) {
      throw invalid(`Invalid number of arguments for function system.${name}(any)`)
    }
    return {
      name: shown([arg.name]),
      type: scalar("text"),
      isAggregate: arg.isAggregate,
      of: (group) => toJson(arg.type, arg.of(group), environment.schema.fieldsOf)
    }
  }
  if (!isFunction(name)) throw invalid(`Unknown function '${name}'`)
  const chosen = choose(
    name,
    args.map((arg) => arg?.type),
    (index, type) => {
      const selector = selectors[index]
      return selector?._tag !== "TermOf" || selector.term._tag !== "Constant" || fits(selector.term.kind, type)
    },
    selectors.map((selector) => selector._tag === "TermOf" ? preferredType(selector.term) : undefined)
  )
  const expressions = args.map((arg, index) =>
    arg ?? typedTerm(selectors[index], chosen.params[index] ?? scalar("text"), environment)
  )
  return {
    name: shown(expressions.map((each) => each.name)),
    type: chosen.returns,
    isAggregate: expressions.some(({ isAggregate }) => isAggregate),
    of: (group) => chosen.apply(expressions.map((each) => each.of(group)), environment)
  }
}

const typedTerm = (selector: Selector | undefined, type: CqlType, environment: Environment): Expression => {
  const term: Term = selector?._tag === "TermOf" ? selector.term : { _tag: "Null" }
  const value = evaluate(term, { name: "[selection]", type }, environment)
  return { name: termText(term), type, isAggregate: false, of: () => value === unset ? null : value }
}

const termExpression = (term: Term, environment: Environment): Expression => {
  if (term._tag !== "Hint") {
    throw unsupported("a selected constant without a type", "Write its type in front of it, such as (int) 1.")
  }
  const type = resolveType(term.type, environment.keyspace ?? "", environment.schema.hasType)
  if (term.term._tag === "Constant" && !fits(term.term.kind, type)) {
    throw invalid(`Cannot assign value ${termText(term)} to ${termText(term)} of type ${schemaText(type)}`)
  }
  const expression = typedTerm({ _tag: "TermOf", term: term.term }, type, environment)
  return { ...expression, name: termText(term) }
}

const tokenExpression = (table: Table, selectors: ReadonlyArray<Selector>, environment: Environment): Expression => {
  const args = selectors.map((selector, index) =>
    selector._tag === "TermOf" && selector.term._tag !== "Hint"
      ? typedTerm(selector, table.partition[index]?.type ?? scalar("text"), environment)
      : expressionOf(table, selector, environment)
  )
  if (args.length !== table.partition.length) {
    throw invalid(
      `Invalid number of arguments in call to function system.token: ${table.partition.length} required but ${args.length} provided`
    )
  }
  checkArguments(table, args)
  return {
    name: `system.token(${args.map(({ name }) => name).join(", ")})`,
    type: bigint,
    isAggregate: false,
    of: (group) => group.length === 0 ? null : token(keyBytes(table, args.map((arg) => arg.of(group))))
  }
}

const summable: ReadonlySet<ScalarName> = new Set<ScalarName>([
  "bigint",
  "counter",
  "decimal",
  "double",
  "float",
  "int",
  "smallint",
  "tinyint",
  "varint"
])

const aggregateExpression = (
  table: Table,
  name: string,
  selectors: ReadonlyArray<Selector>,
  environment: Environment
): Expression => {
  const [selector] = selectors
  if (selector === undefined || selectors.length !== 1) {
    throw invalid(
      `Invalid number of arguments in call to function system.${name}: 1 required but ${selectors.length} provided`
    )
  }
  const arg = expressionOf(table, selector, environment)
  if (arg.isAggregate) throw invalid("aggregate functions cannot be used as arguments of aggregate functions")
  const shown = `system.${name}(${arg.name})`
  const valuesOf = (group: ReadonlyArray<Live>) => group.map((live) => arg.of([live])).filter((value) => value !== null)
  const aggregate = (type: CqlType, of: (values: ReadonlyArray<unknown>) => unknown): Expression => ({
    name: shown,
    type,
    isAggregate: true,
    of: (group) => of(valuesOf(group))
  })
  if (name === "count") return aggregate(bigint, (values) => BigInt(values.length))
  if (name === "min" || name === "max") {
    const compare = comparator(arg.type, environment.schema.fieldsOf)
    const sign = name === "min" ? 1 : -1
    return aggregate(
      arg.type,
      (values) =>
        values.length === 0 ? null : values.reduce((best, value) => compare(value, best) * sign < 0 ? value : best)
    )
  }
  if (arg.type._tag !== "Scalar" || !summable.has(arg.type.name)) {
    throw invalid(`Invalid call to function ${name}, none of its type signatures match`)
  }
  const type = scalar(arg.type.name)
  return aggregate(type, (values) => name === "sum" ? sum(type.name, values) : average(type.name, values))
}
