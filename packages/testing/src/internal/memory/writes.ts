/**
 * INSERT, UPDATE and DELETE: checked against their table first, and then turned into changes.
 */
import { checkConflicts, refuseAdditions } from "./assignments.ts"
import type { IsRead } from "./batches.ts"
import { checkConditionalDelete, refuseLists } from "./conditionalWrites.ts"
import { checkCondition, type Checked } from "./conditions.ts"
import type * as Ast from "./cql/ast.ts"
import type { Environment } from "./environment.ts"
import { invalid, unauthorized, unsupported } from "./failures.ts"
import { checkLength, checkPartitionKey } from "./keyLength.ts"
import { hasStatics, liveOf } from "./live.ts"
import { unset } from "./markers.ts"
import { assign, erase, lifeOf, type Operation, setColumn, type Site } from "./operations.ts"
import { maxTtl } from "./properties.ts"
import { restrictionsOf } from "./relations.ts"
import { isSystemKeyspace, type Table } from "./schema.ts"
import type { Change, Mutation, WriteTime } from "./store.ts"
import { evaluate, evaluateInt, evaluateKey } from "./terms.ts"
import { scalar } from "./values/types.ts"
import { type Targets, targetsOf } from "./where.ts"

type Key = ReadonlyArray<unknown>

/** The condition of a write. */
export interface Conditional {
  readonly kind: "EXISTS" | "NOT EXISTS" | "columns"
  readonly columns: ReadonlyArray<Checked>
  /** True if it is about the partition alone. */
  readonly isStatic: boolean
  /** True if static columns are read with the row: where a condition is on one, or the write sets one. */
  readonly readsStatics: boolean
}

/** A write that has been checked. */
export interface Plan {
  readonly table: Table
  readonly targets: Targets
  readonly condition: Conditional | undefined
  /** The write time of the text. */
  readonly timestamp: bigint | undefined
  /** True if it sets or deletes a static column. */
  readonly setsStatics: boolean
  readonly changes: (key: Key, time: WriteTime, isRead?: IsRead) => Mutation
}

/** Seconds of a USING TTL, or of the table. */
const ttlOf = (table: Table, term: Ast.Term | undefined, environment: Environment): number => {
  if (term === undefined) return table.defaultTtl
  const value = evaluateInt(term, "[ttl]", environment)
  if (value === null) return 0
  if (value === unset) return table.defaultTtl
  const ttl = value as number
  if (ttl < 0) throw invalid(`A TTL must be greater or equal to 0, but was ${ttl}`)
  if (ttl > maxTtl) throw invalid(`ttl is too large. requested (${ttl}) maximum (${maxTtl})`)
  return ttl
}

const timestampOf = (term: Ast.Term | undefined, environment: Environment): bigint | undefined => {
  if (term === undefined) return undefined
  const value = evaluate(term, { name: "[timestamp]", type: scalar("bigint") }, environment)
  if (value === null) throw invalid("Invalid null value of timestamp")
  if (value === -(2n ** 63n)) {
    throw invalid("Out of bound timestamp, must be in [-9223372036854775807, 9223372036854775807]")
  }
  return value === unset ? undefined : value as bigint
}

/** Checks a write, without doing anything. */
export const plan = (statement: Ast.Mutation, environment: Environment): Plan => {
  const table = environment.schema.table(statement.table, environment.keyspace)
  if (isSystemKeyspace(table.keyspace)) throw unauthorized(`${table.keyspace} keyspace is not user-modifiable.`)
  if (table.isCounter) {
    if (statement._tag === "Insert") {
      throw invalid("INSERT statements are not allowed on counter tables, use UPDATE instead")
    }
    if (statement.if === "EXISTS") throw invalid("Conditional updates are not supported on counter tables")
  }
  if (statement.if !== undefined) {
    if (statement.using.timestamp !== undefined) {
      throw invalid("Cannot provide custom timestamp for conditional updates")
    }
    if (table.isCounter) throw invalid("Conditions on counters are not supported")
  }
  if (table.isCounter) {
    if (statement.using.timestamp !== undefined) throw invalid("Cannot provide custom timestamp for counter updates")
    if (statement.using.ttl !== undefined) throw invalid("Cannot provide custom TTL for counter updates")
  }
  switch (statement._tag) {
    case "Insert":
      return planInsert(table, statement, environment)
    case "Update":
      return planUpdate(table, statement, environment)
    case "Delete":
      return planDelete(table, statement, environment)
  }
}

/** The parts of a write that are the same for all its rows. */
interface Writing {
  readonly table: Table
  readonly environment: Environment
  readonly ttl: number
  readonly operations: ReadonlyArray<readonly [isStatic: boolean, operation: Operation]>
  readonly marksRow: boolean
}

const changesOf =
  ({ environment, marksRow, operations, table, ttl }: Writing, targets: Targets) =>
  (key: Key, time: WriteTime, isRead?: IsRead): Mutation => {
    const changes: Array<Change> = []
    const sites = targets.rows ?? [undefined]
    for (const [index, clustering] of sites.entries()) {
      const site: Site = {
        table,
        clustering,
        time,
        ttl,
        environment,
        readsBefore: (column) => isRead?.(column, clustering) ?? true,
        before: () => liveOf(table, key, clustering, environment.second)
      }
      if (marksRow && clustering !== undefined) {
        changes.push({ _tag: "Liveness", clustering, life: lifeOf(site) })
      }
      for (const [isStatic, operation] of operations) if (!isStatic || index === 0) changes.push(...operation(site))
    }
    return { table, key, changes }
  }

const planInsert = (table: Table, statement: Ast.Insert, environment: Environment): Plan => {
  const { columns: names, values } = statement
  if (names === undefined) {
    throw unsupported("INSERT ... JSON", "Name the columns and bind their values.")
  }
  const columns = names.map((name) => table.column(name))
  if (names.length !== values.length) throw invalid("Unmatched column names/values")
  if (new Set(names).size !== names.length) throw invalid("The column names contains duplicates")
  const isGiven = (name: string) => names.includes(name)
  const missing = table.partition.filter(({ name }) => !isGiven(name)).map(({ name }) => name)
  if (missing.length > 0) throw invalid(`Some partition key parts are missing: ${missing.join(", ")}`)
  const given = table.clustering.filter(({ name }) => isGiven(name))
  const isStatic = given.length === 0 && table.clustering.length > 0 && columns.some(({ kind }) => kind === "static") &&
    columns.every(({ kind }) => kind === "static" || kind === "partition_key")
  if (!isStatic && given.length < table.clustering.length) {
    const open = table.clustering.filter(({ name }) => !isGiven(name)).map(({ name }) => name)
    throw invalid(`Some clustering keys are missing: ${open.join(", ")}`)
  }
  const operations: Array<readonly [boolean, Operation]> = []
  const keyed = new Map<string, unknown>()
  for (const [index, column] of columns.entries()) {
    const term = values[index]!
    if (column.kind === "partition_key" || column.kind === "clustering") {
      keyed.set(column.name, evaluateKey(term, column, environment))
    } else {
      operations.push([column.kind === "static", setColumn(column, evaluate(term, column, environment))])
    }
  }
  const key = table.partition.map(({ name }) => keyed.get(name))
  const row = table.clustering.map(({ name }) => keyed.get(name))
  const targets: Targets = { keys: [key], rows: isStatic ? undefined : [row], ranges: undefined }
  checkKeys(table, targets, statement.if !== undefined)
  const ttl = ttlOf(table, statement.using.ttl, environment)
  return {
    table,
    targets,
    condition: statement.if === undefined ? undefined : {
      kind: "NOT EXISTS",
      columns: [],
      isStatic,
      readsStatics: operations.some(([isStatic]) => isStatic)
    },
    timestamp: timestampOf(statement.using.timestamp, environment),
    setsStatics: operations.some(([isStatic]) => isStatic),
    changes: changesOf({ table, environment, ttl, operations, marksRow: !isStatic }, targets)
  }
}

// Of a conditional write, the server does not check the clustering key.
const checkKeys = (table: Table, { keys, rows }: Targets, isConditional: boolean): void => {
  for (const key of keys) checkPartitionKey(table, key)
  for (const row of isConditional ? [] : rows ?? []) checkLength(table, table.clustering, row)
}

const planUpdate = (table: Table, statement: Ast.Update, environment: Environment): Plan => {
  if (statement.if !== undefined) refuseAdditions(table, statement.assignments)
  const operations = statement.assignments.map((assignment) =>
    [
      table.find(assignment.column)?.kind === "static",
      assign(table, assignment, environment)
    ] as const
  )
  checkConflicts(statement.assignments)
  const restrictions = restrictionsOf(table, statement.where, environment)
  const conditions = conditionsOf(table, statement.if, environment)
  const isStatic = operations.every(([isStatic]) => isStatic) && table.clustering.length > 0 &&
    conditions.every(({ column }) => column.kind === "static")
  const targets = targetsOf(table, restrictions, "UPDATE", isStatic ? "partition" : "row")
  checkKeys(table, targets, statement.if !== undefined)
  if (statement.if !== undefined) refuseLists(restrictions, "updates", environment)
  const ttl = ttlOf(table, statement.using.ttl, environment)
  return {
    table,
    targets,
    condition: conditionalOf(statement.if, conditions, operations, targets.rows === undefined),
    timestamp: timestampOf(statement.using.timestamp, environment),
    setsStatics: operations.some(([isStatic]) => isStatic),
    changes: changesOf({ table, environment, ttl, operations, marksRow: false }, targets)
  }
}

const planDelete = (table: Table, statement: Ast.Delete, environment: Environment): Plan => {
  if (statement.using.ttl !== undefined) throw invalid("TTL is not supported for DELETE")
  const operations = statement.deleted.map((deleted) =>
    [
      table.find(deleted.column)?.kind === "static",
      erase(table, deleted, environment)
    ] as const
  )
  const restrictions = restrictionsOf(table, statement.where, environment)
  const conditions = conditionsOf(table, statement.if, environment)
  const ofStatics = operations.length > 0 && operations.every(([isStatic]) => isStatic) &&
    table.clustering.length > 0 &&
    conditions.every(({ column }) => column.kind === "static")
  if (statement.if !== undefined) checkConditionalDelete(table, restrictions, operations, conditions)
  const needs = operations.length === 0 ? "any" : ofStatics ? "partition" : "row"
  const targets = targetsOf(table, restrictions, "DELETE", needs)
  checkKeys(table, targets, statement.if !== undefined)
  if (statement.if !== undefined) refuseLists(restrictions, "deletions", environment)
  const timestamp = timestampOf(statement.using.timestamp, environment)
  const condition = conditionalOf(statement.if, conditions, operations, targets.rows === undefined)
  if (operations.length > 0) {
    return {
      table,
      targets,
      condition,
      timestamp,
      setsStatics: operations.some(([isStatic]) => isStatic),
      changes: changesOf({ table, environment, ttl: 0, operations, marksRow: false }, targets)
    }
  }
  return {
    table,
    targets,
    condition,
    timestamp,
    setsStatics: false,
    changes: (key, time) => ({ table, key, changes: deletions(table, targets, time) })
  }
}

const deletions = (table: Table, { ranges, rows }: Targets, time: WriteTime): ReadonlyArray<Change> => {
  if (ranges !== undefined) return ranges.map((range) => ({ _tag: "DeleteRange", range, time }))
  if (rows !== undefined && table.clustering.length > 0) {
    return rows.map((clustering) => ({ _tag: "DeleteRow", clustering, time }))
  }
  return [{ _tag: "DeletePartition", time }]
}

const conditionsOf = (table: Table, conditions: Ast.If, environment: Environment): ReadonlyArray<Checked> =>
  typeof conditions === "object" ? conditions.map((each) => checkCondition(table, each, environment)) : []

const conditionalOf = (
  conditions: Ast.If,
  columns: ReadonlyArray<Checked>,
  operations: ReadonlyArray<readonly [isStatic: boolean, operation: Operation]>,
  isStatic: boolean
): Conditional | undefined => {
  if (conditions === undefined) return undefined
  const readsStatics = columns.some(({ column }) => column.kind === "static") ||
    operations.some(([isStatic]) => isStatic)
  return { kind: typeof conditions === "string" ? conditions : "columns", columns, isStatic, readsStatics }
}

/** Returns true if the condition of a write holds now. */
export const isMet = ({ condition, table, targets }: Plan, second: number): boolean => {
  if (condition === undefined) return true
  const live = liveOf(table, targets.keys[0] ?? [], targets.rows?.[0], second)
  const isThere = condition.isStatic ? hasStatics(live.partition, second) : live.row !== undefined
  switch (condition.kind) {
    case "EXISTS":
      return isThere
    case "NOT EXISTS":
      return !isThere
    case "columns":
      return condition.columns.every(({ holds }) => holds(live))
  }
}
