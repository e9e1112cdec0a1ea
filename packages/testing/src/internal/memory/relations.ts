/**
 * The relations of a WHERE, with the columns that they name and the values that they compare.
 */
import type { InList, Operator, Relation, Term } from "./cql/ast.ts"
import { termText } from "./cql/termText.ts"
import type { Environment } from "./environment.ts"
import { invalid, syntaxError, unsupported } from "./failures.ts"
import { type Receiver, unset } from "./markers.ts"
import type { Column, Table } from "./schema.ts"
import { evaluate, evaluateKey } from "./terms.ts"
import { checkTokens, tokenRestriction } from "./tokens.ts"
import { type CqlType, frozen, isMultiCell, schemaText } from "./values/types.ts"

export type SliceOperator = "<" | "<=" | ">" | ">="

/** Relation on one column or several. */
export type Restriction =
  | { readonly _tag: "Eq"; readonly column: Column; readonly value: unknown }
  | { readonly _tag: "In"; readonly column: Column; readonly values: ReadonlyArray<unknown> }
  | { readonly _tag: "Slice"; readonly column: Column; readonly operator: SliceOperator; readonly value: unknown }
  | { readonly _tag: "Contains"; readonly column: Column; readonly isKey: boolean; readonly value: unknown }
  | { readonly _tag: "Element"; readonly column: Column; readonly key: unknown; readonly value: unknown }
  | {
    readonly _tag: "Tuples"
    readonly columns: ReadonlyArray<Column>
    readonly tuples: ReadonlyArray<ReadonlyArray<unknown>>
    readonly isEquality: boolean
  }
  | {
    readonly _tag: "TupleSlice"
    readonly columns: ReadonlyArray<Column>
    readonly operator: SliceOperator
    readonly values: ReadonlyArray<unknown>
  }
  | { readonly _tag: "Token"; readonly operator: SliceOperator | "="; readonly token: bigint }

/** The columns that a restriction is about. */
export const columnsOf = (restriction: Restriction): ReadonlyArray<Column> =>
  "column" in restriction ? [restriction.column] : "columns" in restriction ? restriction.columns : []

/** The restrictions of a WHERE, each held against the types of its columns. */
export const restrictionsOf = (
  table: Table,
  relations: ReadonlyArray<Relation>,
  environment: Environment
): ReadonlyArray<Restriction> => {
  // A column that does not exist is found before any value is looked at.
  for (const relation of relations) {
    for (const name of "columns" in relation ? relation.columns : [relation.column]) table.column(name)
  }
  const restrictions = relations.map((relation) => restrictionOf(table, relation, environment))
  checkTogether(restrictions)
  checkTokens(table, restrictions)
  return restrictions
}

const restrictionOf = (table: Table, relation: Relation, environment: Environment): Restriction => {
  switch (relation._tag) {
    case "Compare":
      return compared(table.column(relation.column), relation.operator, relation.term, environment)
    case "In": {
      const column = table.column(relation.column)
      refuseMultiCell(column, "IN")
      const values = listed(relation.list, column, environment)
      // One term in a list is compared with "="; a marker for the whole list is not.
      return isOneTerm(relation.list) ? { _tag: "Eq", column, value: values[0] } : { _tag: "In", column, values }
    }
    case "CompareElement": {
      const column = table.column(relation.column)
      const { type } = column
      if (type._tag !== "Map") throw invalid(`Column ${column.name} cannot be used as a map`)
      if (type.frozen) {
        throw invalid(`Map-entry equality predicates on frozen map column ${column.name} are not supported`)
      }
      if (relation.operator !== "=") {
        throw invalid(`Map-entry predicates on map column ${column.name} support only the = operator`)
      }
      return {
        _tag: "Element",
        column,
        key: present(
          evaluate(relation.key, { name: `key(${column.name})`, type: type.key }, environment),
          `map key for column ${column.name}`
        ),
        value: present(
          evaluate(relation.term, { name: `value(${column.name})`, type: type.value }, environment),
          `map value for column ${column.name}`
        )
      }
    }
    case "CompareTuple": {
      const columns = clusteringOf(table, relation.columns, `${relation.operator} ${termText(relation.term)}`)
      const values = tupleOf(relation.term, columns, environment)
      if (relation.operator === "=") return { _tag: "Tuples", columns, tuples: [values], isEquality: true }
      if (relation.operator === "!=") throw invalid("Unsupported \"!=\" relation")
      return { _tag: "TupleSlice", columns, operator: relation.operator as SliceOperator, values }
    }
    case "InTuples": {
      const columns = clusteringOf(table, relation.columns, "IN ...")
      const tuples = listedTuples(relation.list, columns, environment)
      return { _tag: "Tuples", columns, tuples, isEquality: isOneTerm(relation.list) }
    }
    case "CompareToken":
      return tokenRestriction(table, relation, environment)
    case "IsNotNull":
      throw invalid(`Unsupported restriction: ${relation.column} IS NOT NULL`)
  }
}

const compared = (column: Column, operator: Operator, term: Term, environment: Environment): Restriction => {
  const { name, type } = column
  switch (operator) {
    case "CONTAINS":
    case "CONTAINS KEY": {
      const isKey = operator === "CONTAINS KEY"
      const element = elementOf(column, isKey)
      const receiver = { name: `${isKey ? "key" : "value"}(${name})`, type: element }
      const value = present(evaluate(term, receiver, environment), `value for column ${name}`)
      return { _tag: "Contains", column, isKey, value }
    }
    case "LIKE":
      throw unsupported(
        "LIKE",
        "Compare with = or a range, or run this statement against a real server (CassandraServer)."
      )
    case "!=":
      throw invalid(`Unsupported "!=" relation: ${name} != ${termText(term)}`)
    case "=":
      refuseMultiCell(column, "=")
      return { _tag: "Eq", column, value: comparedWith(term, column, environment) }
    default:
      refuseMultiCell(column, operator)
      if (isDuration(type)) throw invalid("Slice restrictions are not supported on duration columns")
      return {
        _tag: "Slice",
        column,
        operator: operator as SliceOperator,
        value: limitOf(term, column, environment)
      }
  }
}

/** The value that a column is compared with. */
const comparedWith = (term: Term, column: Column, environment: Environment): unknown =>
  column.kind === "regular" || column.kind === "static"
    ? present(evaluate(term, column, environment), `value for column ${column.name}`)
    : evaluateKey(term, column, environment)

const limitOf = (term: Term, column: Column, environment: Environment): unknown => {
  if (column.kind !== "clustering") return comparedWith(term, column, environment)
  const value = evaluate(term, column, environment)
  if (value === unset) throw invalid(`Invalid unset value for column ${column.name}`)
  if (value !== null) return value
  throw unsupported(`a range of ${column.name} that begins or ends with null`, "Leave the relation out.")
}

const present = (value: unknown, what: string): unknown => {
  if (value === null || value === unset) throw invalid(`Unsupported ${value === null ? "null" : "unset"} ${what}`)
  return value
}

const isDuration = (type: CqlType): boolean => type._tag === "Scalar" && type.name === "duration"

const elementOf = ({ name, type }: Column, isKey: boolean): CqlType => {
  if (type._tag === "Map") return isKey ? type.key : type.value
  if (isKey) throw invalid(`Cannot use CONTAINS KEY on non-map column ${name}`)
  if (type._tag === "List" || type._tag === "Set") return type.element
  throw invalid(`Cannot use CONTAINS on non-collection column ${name}`)
}

const refuseMultiCell = ({ name, type }: Column, operator: string): void => {
  if (!isMultiCell(type)) return
  throw invalid(
    type._tag === "Udt"
      ? `Non-frozen UDT column '${name}' (${schemaText(type)}) cannot be restricted by any relation`
      : `Collection column '${name}' (${schemaText(type)}) cannot be restricted by a '${operator}' relation`
  )
}

/** The values of an IN: from a marker for the whole list, or one by one. */
const listed = (list: InList, column: Column, environment: Environment): ReadonlyArray<unknown> => {
  if (Array.isArray(list)) {
    const isKey = column.kind === "partition_key" || column.kind === "clustering"
    if (!isKey && list.length > 1 && list.some((term) => evaluate(term, column, environment) === null)) {
      throw unsupported(`null among the values of ${column.name}`, "Leave it out of the list.")
    }
    return list.map((term) => comparedWith(term, column, environment))
  }
  const name = `in(${column.name})`
  const type: CqlType = { _tag: "List", element: column.type, frozen: true }
  const values = evaluate(list as Term, { name, type }, environment)
  if (values === null) throw invalid(`Invalid null value for IN marker of column ${column.name}`)
  if (values === unset) throw invalid(`Invalid unset value for ${name}`)
  return values as ReadonlyArray<unknown>
}

const isOneTerm = (list: InList): boolean => Array.isArray(list) && list.length === 1

const tupleReceiver = (columns: ReadonlyArray<Column>): Receiver => ({
  name: `(${columns.map(({ name }) => name).join(",")})`,
  type: { _tag: "Tuple", elements: columns.map(({ type }) => frozen(type)) }
})

const tupleOf = (term: Term, columns: ReadonlyArray<Column>, environment: Environment): ReadonlyArray<unknown> => {
  if (term._tag === "TupleTerm") {
    if (term.elements.length !== columns.length) {
      throw invalid(
        `Expected ${columns.length} elements in value tuple, but got ${term.elements.length}: ${termText(term)}`
      )
    }
    return columns.map((column, index) => evaluateKey(term.elements[index]!, column, environment))
  }
  const value = evaluateKey(term, tupleReceiver(columns), environment)
  const values = value as ReadonlyArray<unknown>
  const missing = columns.find((_, index) => values[index] === null)
  if (missing !== undefined) throw invalid(`Invalid null value in condition for column ${missing.name}`)
  return values
}

const listedTuples = (
  list: InList,
  columns: ReadonlyArray<Column>,
  environment: Environment
): ReadonlyArray<ReadonlyArray<unknown>> => {
  if (Array.isArray(list)) {
    const markers = list.filter(({ _tag }) => _tag === "Marker").length
    if (markers > 0 && markers < list.length) throw syntaxError("line 1:0 mismatched input '?' expecting '('")
    return list.map((term) => tupleOf(term, columns, environment))
  }
  const { name, type } = tupleReceiver(columns)
  const values = evaluateKey(
    list as Term,
    { name: `in${name}`, type: { _tag: "List", element: type, frozen: true } },
    environment
  )
  return values as ReadonlyArray<ReadonlyArray<unknown>>
}

/** The clustering columns of a relation on several columns, which stand in the order of the key. */
const clusteringOf = (table: Table, names: ReadonlyArray<string>, rest: string): ReadonlyArray<Column> => {
  const columns = names.map((name) => table.column(name))
  const shown = `(${names.join(", ")}) ${rest}`
  for (const [index, column] of columns.entries()) {
    if (column.kind !== "clustering") {
      throw invalid(
        `Multi-column relations can only be applied to clustering columns but was applied to: ${column.name}`
      )
    }
    if (names.indexOf(column.name) !== index) {
      throw invalid(`Column "${column.name}" appeared twice in a relation: ${shown}`)
    }
    if (index > 0 && column.position !== columns[index - 1]!.position + 1) {
      throw invalid(`Clustering columns must appear in the PRIMARY KEY order in multi-column relations: ${shown}`)
    }
  }
  return columns
}

/** Refuses restrictions that exclude each other. */
const checkTogether = (restrictions: ReadonlyArray<Restriction>): void => {
  const seen = new Map<string, Array<Restriction>>()
  for (const restriction of restrictions) {
    for (const { name } of columnsOf(restriction)) {
      const before = seen.get(name) ?? []
      for (const other of before) checkPair(name, other, restriction)
      seen.set(name, [...before, restriction])
    }
  }
}

const isSlice = (restriction: Restriction): restriction is Extract<Restriction, { readonly operator: unknown }> =>
  restriction._tag === "Slice" || restriction._tag === "TupleSlice"

const isLower = (operator: string): boolean => operator === ">" || operator === ">="

const checkPair = (name: string, one: Restriction, other: Restriction): void => {
  if (isSlice(one) && isSlice(other)) {
    if (isLower(one.operator) !== isLower(other.operator)) return
    throw invalid(
      `More than one restriction was found for the ${isLower(one.operator) ? "start" : "end"} bound on ${name}`
    )
  }
  const passes = (restriction: Restriction) => restriction._tag === "Contains" || restriction._tag === "Element"
  if (passes(one) && passes(other)) return
  if (isSlice(one)) {
    const common = columnsOf(one).filter((column) => columnsOf(other).includes(column)).map(({ name }) => name)
    throw invalid(`Column "${common.join(" ,")}" cannot be restricted by both an equality and an inequality relation`)
  }
  const kind = one._tag === "Eq" || (one._tag === "Tuples" && one.isEquality) ? "an Equal" : "a IN"
  throw invalid(`${name} cannot be restricted by more than one relation if it includes ${kind}`)
}
