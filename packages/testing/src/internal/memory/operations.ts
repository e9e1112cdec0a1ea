/**
 * Operations of SET, INSERT and DELETE on a column.
 */
import { shownOperation } from "./assignments.ts"
import type { Assignment, Deleted, Term } from "./cql/ast.ts"
import { termText } from "./cql/termText.ts"
import type { Environment } from "./environment.ts"
import { invalid, syntaxError } from "./failures.ts"
import { elementsOf, type Live } from "./live.ts"
import { unset } from "./markers.ts"
import type { Column, Table } from "./schema.ts"
import { type Cell, type Change, type ElementCell, never, type WriteTime } from "./store.ts"
import { evaluate } from "./terms.ts"
import { comparator, identity } from "./values/compare.ts"
import { type CqlType, isCollection, isCounter, isMultiCell, scalar, schemaText } from "./values/types.ts"

/** Where and when a change is made. */
export interface Site {
  readonly table: Table
  readonly clustering: ReadonlyArray<unknown> | undefined
  readonly time: WriteTime
  readonly ttl: number
  readonly environment: Environment
  /** False for a column that a conditional write does not read: to its changes it has no elements. */
  readonly readsBefore: (column: Column) => boolean
  /** The row before the change. */
  readonly before: () => Live
}

/** A change to be made at some rows: its column and values have been checked. */
export type Operation = (site: Site) => ReadonlyArray<Change>

const cellOf = (site: Site, value: unknown): Cell =>
  value === null
    ? { time: site.time, ttl: 0, expiresAt: undefined, value: undefined, isTombstone: true }
    : { ...lifeOf(site), value, isTombstone: false }

export const lifeOf = ({ environment, time, ttl }: Pick<Site, "environment" | "time" | "ttl">) => ({
  time,
  ttl,
  expiresAt: ttl > 0 ? environment.second + ttl : undefined
})

const simple = (site: Site, column: Column, value: unknown): Change => ({
  _tag: "Cell",
  clustering: clusteringFor(site, column),
  column: column.name,
  type: column.type,
  cell: cellOf(site, value)
})

const complex = (
  site: Site,
  column: Column,
  cells: ReadonlyArray<ElementCell>,
  deletedAt: WriteTime = never
): Change => ({
  _tag: "Complex",
  clustering: clusteringFor(site, column),
  column: column.name,
  type: column.type,
  deletedAt,
  cells
})

const clusteringFor = (site: Site, column: Column): ReadonlyArray<unknown> | undefined =>
  column.kind === "static" ? undefined : site.clustering

const elementCell = (site: Site, id: string, key: unknown, value: unknown): ElementCell => ({
  ...cellOf(site, value),
  id,
  key
})

/** The elements of a value that is written element by element. */
const cellsOf = (site: Site, type: CqlType, value: unknown): ReadonlyArray<ElementCell> => {
  const { fieldsOf } = site.environment.schema
  switch (type._tag) {
    case "List":
      return (value as ReadonlyArray<unknown>).map((element) => listCell(site, "back", element))
    case "Set":
      return Array.from(
        value as Iterable<unknown>,
        (element) => elementCell(site, identity(type.element, element, fieldsOf), element, true)
      )
    case "Map":
      return Array.from(
        value as ReadonlyMap<unknown, unknown>,
        ([key, element]) => elementCell(site, identity(type.key, key, fieldsOf), key, element)
      )
    case "Udt":
      return Object.entries(value as Readonly<Record<string, unknown>>)
        .filter(([, element]) => element !== null)
        .map(([name, element]) => elementCell(site, name, name, element))
    default:
      return []
  }
}

const listCell = (site: Site, end: "back" | "front", element: unknown): ElementCell => {
  const place = site.environment.listPlace(end)
  return elementCell(site, String(place), place, element)
}

const elementsBefore = (site: Site, column: Column): ReadonlyArray<ElementCell> =>
  site.readsBefore(column) ? elementsOf(site.before(), column) : []

/** Sets a column to a value. */
export const setColumn = (column: Column, value: unknown): Operation => (site) => {
  if (value === unset) return []
  if (!isMultiCell(column.type)) return [simple(site, column, value)]
  // Deletes earlier values, but not those of this write.
  return [complex(site, column, value === null ? [] : cellsOf(site, column.type, value), site.time - 1n)]
}

/** The operation of one part of a SET. */
export const assign = (table: Table, assignment: Assignment, environment: Environment): Operation => {
  const column = table.column(assignment.column)
  if (column.kind === "partition_key" || column.kind === "clustering") {
    throw invalid(`PRIMARY KEY part ${column.name} found in SET part`)
  }
  switch (assignment._tag) {
    case "Set":
      if (isCounter(column.type)) {
        throw invalid(
          `Cannot set the value of counter column ${column.name} (counters can only be incremented/decremented, not set)`
        )
      }
      return setColumn(column, evaluate(assignment.term, column, environment))
    case "Add":
    case "Subtract":
    case "Prepend":
      if (assignment.source !== column.name) {
        throw syntaxError(
          assignment._tag === "Prepend"
            ? "Only expressions of the form X = <value> + X are supported."
            : `Only expressions of the form X = X ${assignment._tag === "Add" ? "+" : "-"}<value> are supported.`
        )
      }
      return combine(column, assignment._tag, assignment.term, environment)
    case "SetElement":
      return setElement(column, assignment.key, assignment.term, environment)
    case "SetField":
      return setField(column, assignment.field, assignment.term, environment)
  }
}

const combine = (
  column: Column,
  how: "Add" | "Subtract" | "Prepend",
  term: Term,
  environment: Environment
): Operation => {
  const { name, type } = column
  if (isCounter(type) && how !== "Prepend") {
    const value = evaluate(term, column, environment)
    if (value === null) throw invalid("Invalid null value for counter increment")
    if (value === unset) return () => []
    if (how === "Subtract" && value === -(2n ** 63n)) {
      throw invalid("The negation of <value> overflows supported counter precision (signed 8 bytes integer)")
    }
    const delta = how === "Add" ? value as bigint : -(value as bigint)
    return (site) => [{ _tag: "Count", clustering: clusteringFor(site, column), column: name, delta, time: site.time }]
  }
  const wrong = (what: string) =>
    invalid(`Invalid operation (${shownOperation(column, how, term)}) for ${what} column ${name}`)
  if (!isCollection(type)) throw wrong(isCounter(type) ? "non list" : "non counter")
  if (!isMultiCell(type)) throw wrong("frozen collection")
  if (how === "Prepend" && type._tag !== "List") throw wrong("non list")
  const given: CqlType = how === "Subtract" && type._tag === "Map"
    ? { _tag: "Set", element: type.key, frozen: false }
    : type
  const value = evaluate(term, { name, type: given }, environment)
  if (value === unset || value === null) return () => []
  if (how === "Add") return (site) => [complex(site, column, cellsOf(site, type, value))]
  if (how === "Prepend") {
    const elements = value as ReadonlyArray<unknown>
    return (site) => [complex(site, column, elements.toReversed().map((each) => listCell(site, "front", each)))]
  }
  return type._tag === "List" ? discard(column, type.element, value as ReadonlyArray<unknown>) : remove(column, value)
}

/** Takes out the elements of a list that equal one of some. */
const discard = (column: Column, type: CqlType, values: ReadonlyArray<unknown>): Operation => (site) => {
  const compare = comparator(type, site.environment.schema.fieldsOf)
  const gone = elementsBefore(site, column).filter((cell) => values.some((value) => compare(cell.value, value) === 0))
  return [complex(site, column, gone.map(({ id, key }) => elementCell(site, id, key, null)))]
}

/** Takes out the elements of a set, or the keys of a map. */
const remove = (column: Column, value: unknown): Operation => (site) => {
  const { type } = column
  if (type._tag !== "Set" && type._tag !== "Map") return []
  const key = type._tag === "Set" ? type.element : type.key
  const { fieldsOf } = site.environment.schema
  const cells = Array.from(
    value as Iterable<unknown>,
    (each) => elementCell(site, identity(key, each, fieldsOf), each, null)
  )
  return [complex(site, column, cells)]
}

const setElement = (column: Column, keyTerm: Term, term: Term, environment: Environment): Operation => {
  const { name, type } = column
  if (type._tag !== "List" && type._tag !== "Map") {
    throw invalid(
      type._tag === "Set"
        ? `Invalid operation (${name}[${termText(keyTerm)}] = ${termText(term)}) for set column ${name}`
        : `Invalid operation (${name}[${termText(keyTerm)}] = ${termText(term)}) for non collection column ${name}`
    )
  }
  if (type.frozen) {
    throw invalid(
      `Invalid operation (${name}[${termText(keyTerm)}] = ${termText(term)}) for frozen collection column ${name}`
    )
  }
  const isList = type._tag === "List"
  const key = evaluate(
    keyTerm,
    isList ? { name: `idx(${name})`, type: scalar("int") } : { name: `key(${name})`, type: type.key },
    environment
  )
  const value = evaluate(term, { name: `value(${name})`, type: isList ? type.element : type.value }, environment)
  if (key === null) throw invalid(isList ? "Invalid null value for list index" : "Invalid null map key")
  if (key === unset) throw invalid(isList ? "Invalid unset value for list index" : "Invalid unset map key")
  if (value === unset) return () => []
  return (site) => {
    if (!isList) {
      return [
        complex(site, column, [
          elementCell(site, identity(type.key, key, site.environment.schema.fieldsOf), key, value)
        ])
      ]
    }
    const cell = at(site, column, key as number)
    return [complex(site, column, [elementCell(site, cell.id, cell.key, value)])]
  }
}

const at = (site: Site, column: Column, index: number): ElementCell => {
  const elements = elementsBefore(site, column)
  if (elements.length === 0) throw invalid("Attempted to set an element on a list which is null")
  const cell = elements[index]
  if (cell === undefined) throw invalid(`List index ${index} out of bound, list has size ${elements.length}`)
  return cell
}

const setField = (column: Column, field: string, term: Term, environment: Environment): Operation => {
  const { name, type } = column
  if (type._tag !== "Udt") {
    throw invalid(`Invalid operation (${name}.${field} = ${termText(term)}) for non-UDT column ${name}`)
  }
  if (type.frozen) {
    throw invalid(`Invalid operation (${name}.${field} = ${termText(term)}) for frozen UDT column ${name}`)
  }
  const found = environment.schema.fieldsOf(type.keyspace, type.name).find((each) => each.name === field)
  if (found === undefined) throw invalid(`UDT column ${name} does not have a field named ${field}`)
  const value = evaluate(term, { name: `${name}.${field}`, type: found.type }, environment)
  return value === unset ? () => [] : (site) => [complex(site, column, [elementCell(site, field, field, value)])]
}

/** The operation of what a DELETE names. */
export const erase = (table: Table, { column: name, element, field }: Deleted, environment: Environment): Operation => {
  const column = table.column(name)
  if (column.kind === "partition_key" || column.kind === "clustering") {
    throw invalid(`Invalid identifier ${name} for deletion (should not be a PRIMARY KEY part)`)
  }
  if (element !== undefined) return eraseElement(column, element, environment)
  if (field !== undefined) return setField(column, field, { _tag: "Null" }, environment)
  return (site) => isMultiCell(column.type) ? [complex(site, column, [], site.time)] : [simple(site, column, null)]
}

const eraseElement = (column: Column, term: Term, environment: Environment): Operation => {
  const { name, type } = column
  if (!isCollection(type)) throw invalid(`Invalid deletion operation for non collection column ${name}`)
  if (!isMultiCell(type)) throw invalid(`Invalid deletion operation for frozen collection column ${name}`)
  if (type._tag === "List") {
    const index = evaluate(term, { name: `idx(${name})`, type: scalar("int") }, environment)
    if (index === null) throw invalid("Invalid null value for list index")
    if (index === unset) return () => []
    return (site) => {
      const elements = elementsBefore(site, column)
      if (elements.length === 0) throw invalid("Attempted to delete an element from a list which is null")
      const cell = elements[index as number]
      if (cell === undefined) {
        throw invalid(`List index ${String(index)} out of bound, list has size ${elements.length}`)
      }
      return [complex(site, column, [elementCell(site, cell.id, cell.key, null)])]
    }
  }
  if (type._tag !== "Set" && type._tag !== "Map") {
    throw invalid(`Invalid deletion operation for column ${name} of type ${schemaText(type)}`)
  }
  const key = type._tag === "Set" ? type.element : type.key
  const value = evaluate(term, { name: `${type._tag === "Set" ? "value" : "key"}(${name})`, type: key }, environment)
  if (value === null) throw invalid(type._tag === "Set" ? "Invalid null set element" : "Invalid null map key")
  if (value === unset && type._tag === "Map") throw invalid("Invalid unset map key")
  if (value === unset) return () => []
  return remove(column, [value])
}
