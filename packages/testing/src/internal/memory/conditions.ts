/**
 * The conditions of a light-weight transaction.
 */
import type { Condition, InList, Term } from "./cql/ast.ts"
import type { Environment } from "./environment.ts"
import { invalid } from "./failures.ts"
import { holdsDuration } from "./indexes.ts"
import { type Live, valueOf } from "./live.ts"
import { type Receiver, unset } from "./markers.ts"
import type { Column, Table } from "./schema.ts"
import { evaluate } from "./terms.ts"
import { comparator } from "./values/compare.ts"
import { type CqlType, frozen, isCollection, isMultiCell, scalar } from "./values/types.ts"

/** A condition whose column and values have been checked. */
export interface Checked {
  readonly column: Column
  readonly holds: (live: Live) => boolean
}

export const checkCondition = (table: Table, condition: Condition, environment: Environment): Checked => {
  const column = table.column(condition.column)
  if (column.kind === "partition_key" || column.kind === "clustering") {
    throw invalid(`PRIMARY KEY column '${column.name}' cannot have IF conditions`)
  }
  return { column, holds: tester(condition, column, partOf(column, condition, environment), environment) }
}

interface Part {
  readonly receiver: Receiver
  readonly read: (live: Live) => unknown
  /** True if it is stored element by element: an empty one is null then. */
  readonly emptyIsNull?: boolean | undefined
}

/** The column, an element or a field of it. */
const partOf = (column: Column, { element, field }: Condition, environment: Environment): Part => {
  const { name, type } = column
  if (element !== undefined) {
    if (type._tag !== "List" && type._tag !== "Map") {
      throw invalid(
        type._tag === "Set"
          ? "Invalid element access syntax for set column " + name
          : `Invalid element access syntax for non-collection column ${name}`
      )
    }
    const keyType = type._tag === "Map" ? type.key : scalar("int")
    const key = evaluate(
      element,
      { name: `${type._tag === "List" ? "idx" : "key"}(${name})`, type: keyType },
      environment
    )
    const kind = type._tag === "List" ? "list" : "map"
    if (key === null) throw invalid(`Invalid null value for ${kind} element access`)
    if (key === unset && kind === "list") throw invalid("Invalid unset value for list element access")
    const receiver = { name: `value(${name})`, type: type._tag === "Map" ? type.value : type.element }
    return { receiver, read: (live) => elementAt(valueOf(live, column), type, key, environment) }
  }
  if (field !== undefined) {
    if (type._tag !== "Udt") throw invalid(`Invalid field access syntax for non-UDT column ${name}`)
    const found = environment.schema.fieldsOf(type.keyspace, type.name).find((each) => each.name === field)
    if (found === undefined) throw invalid(`Unknown field ${field} for column ${name}`)
    return {
      receiver: { name: `${name}.${field}`, type: found.type },
      read: (live) => (valueOf(live, column) as Readonly<Record<string, unknown>> | null)?.[field] ?? null
    }
  }
  return {
    receiver: { name, type: frozen(type) },
    read: (live) => valueOf(live, column),
    emptyIsNull: isCollection(type) && isMultiCell(type)
  }
}

const elementAt = (value: unknown, type: CqlType, key: unknown, { schema }: Environment): unknown => {
  // No element has an unset key.
  if (value === null || key === unset) return null
  if (type._tag === "List") {
    if (typeof key === "number" && key < 0) throw invalid(`Invalid negative list index ${key}`)
    return (value as ReadonlyArray<unknown>)[key as number] ?? null
  }
  if (type._tag !== "Map") return null
  const compare = comparator(type.key, schema.fieldsOf)
  for (const [each, element] of value as ReadonlyMap<unknown, unknown>) if (compare(each, key) === 0) return element
  return null
}

const tester = (
  condition: Condition,
  column: Column,
  { emptyIsNull = false, read, receiver }: Part,
  environment: Environment
): Checked["holds"] => {
  const { fieldsOf } = environment.schema
  const compare = comparator(receiver.type, fieldsOf)
  const isSame = (one: unknown, other: unknown): boolean =>
    one === null || other === null ? one === other : compare(one, other) === 0
  if (condition.operator === "IN") {
    const values = listed(condition.list ?? [], receiver, environment).map((value) =>
      emptyIsNull ? nullOfEmpty(value) : value
    )
    return (live) => values.some((value) => isSame(read(live), value))
  }
  const { operator, term = { _tag: "Null" } } = condition
  if (operator === "CONTAINS" || operator === "CONTAINS KEY") return containing(column, operator, term, environment)
  if (operator !== "=" && operator !== "!=") checkDuration(receiver.type, operator, environment)
  const given = evaluate(term, receiver, environment)
  if (given === unset) throw invalid("Invalid 'unset' value in condition")
  const value = emptyIsNull ? nullOfEmpty(given) : given
  if (operator === "=") return (live) => isSame(read(live), value)
  if (operator === "!=") return (live) => !isSame(read(live), value)
  if (given === null) throw invalid(`Invalid comparison with null for operator "${operator}"`)
  return (live) => {
    const held = read(live)
    if (held === null) return false
    const order = compare(held, value)
    return operator === "<" ? order < 0 : operator === "<=" ? order <= 0 : operator === ">" ? order > 0 : order >= 0
  }
}

/** Refuses a range of durations, which have no order. */
const checkDuration = (type: CqlType, operator: string, { schema }: Environment): void => {
  if (type._tag === "Vector" || !holdsDuration(type, schema.fieldsOf)) return
  if (type._tag === "Scalar") throw invalid(`Slice conditions ( ${operator} ) are not supported on durations`)
  const what = type._tag === "Tuple" ? "tuples" : type._tag === "Udt" ? "UDTs" : "collections"
  throw invalid(`Slice conditions are not supported on ${what} containing durations`)
}

/** A collection that is stored element by element reads as null when it is empty. */
const nullOfEmpty = (value: unknown): unknown => {
  if (value === null) return value
  const size = Array.isArray(value) ? value.length : (value as ReadonlySet<unknown>).size
  return size === 0 ? null : value
}

const listed = (list: InList, receiver: Receiver, environment: Environment): ReadonlyArray<unknown> => {
  if (Array.isArray(list)) {
    return list.map((term) => evaluate(term, receiver, environment)).filter((value) => value !== unset)
  }
  const type: CqlType = { _tag: "List", element: receiver.type, frozen: true }
  const values = evaluate(list as Term, { name: `in(${receiver.name})`, type }, environment)
  if (values === unset) throw invalid("Invalid 'unset' value in condition")
  if (values === null) throw invalid("Invalid null list in IN condition")
  return values as ReadonlyArray<unknown>
}

const containing = (
  column: Column,
  operator: "CONTAINS" | "CONTAINS KEY",
  term: Term,
  environment: Environment
): Checked["holds"] => {
  const { name, type } = column
  if (!isCollection(type)) throw invalid(`Cannot use ${operator} on non-collection column ${name}`)
  if (operator === "CONTAINS KEY" && type._tag !== "Map") {
    throw invalid(`Cannot use CONTAINS KEY on non-map column ${name}`)
  }
  const element = type._tag === "Map"
    ? operator === "CONTAINS KEY" ? type.key : type.value
    : type._tag === "List" || type._tag === "Set"
    ? type.element
    : type
  const value = evaluate(term, { name: `value(${name})`, type: element }, environment)
  // No element is an unset value.
  if (value === unset) return () => false
  if (value === null) throw invalid(`Invalid comparison with null for operator "${operator}"`)
  const compare = comparator(element, environment.schema.fieldsOf)
  return (live) => {
    const held = valueOf(live, column)
    if (held === null) return false
    const elements = held instanceof Map
      ? (operator === "CONTAINS KEY" ? held.keys() : held.values())
      : held as Iterable<unknown>
    return Array.from(elements).some((each) => compare(each, value) === 0)
  }
}
