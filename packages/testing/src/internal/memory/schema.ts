/**
 * Keyspaces, tables and types, and the rows that the tables hold.
 */
import type { Name } from "./cql/ast.ts"
import { invalid } from "./failures.ts"
import { Store } from "./store.ts"
import { comparator, type Compare } from "./values/compare.ts"
import { type CqlType, type Field, type FieldsOf, isCounter } from "./values/types.ts"

export type ColumnKind = "partition_key" | "clustering" | "static" | "regular"

export interface Column {
  readonly name: string
  readonly kind: ColumnKind
  /** Its place in the key; -1 for others. */
  readonly position: number
  readonly type: CqlType
  readonly isDescending: boolean
}

export interface Index {
  readonly name: string
  readonly column: string
  readonly target: "values" | "keys" | "entries" | "full"
  readonly className: string | undefined
  readonly options: ReadonlyArray<readonly [string, string]>
}

/** Names in the order of their bytes: that of the columns of `SELECT *`. */
const byName = (one: Column, other: Column): number => one.name < other.name ? -1 : one.name > other.name ? 1 : 0

export class Table {
  readonly keyspace: string
  readonly name: string
  readonly id: string
  readonly indexes = new Map<string, Index>()
  /** The columns that it had, with the time at which they were dropped. */
  readonly dropped = new Map<string, Column & { readonly at: Date }>()
  readonly store: Store
  readonly #fieldsOf: FieldsOf
  properties: ReadonlyMap<string, string>
  partition: ReadonlyArray<Column> = []
  clustering: ReadonlyArray<Column> = []
  statics: ReadonlyArray<Column> = []
  regulars: ReadonlyArray<Column> = []
  #columns: ReadonlyMap<string, Column> = new Map()
  #compares: ReadonlyArray<Compare> = []

  constructor(fields: {
    readonly keyspace: string
    readonly name: string
    readonly id: string
    readonly columns: ReadonlyArray<Column>
    readonly properties: ReadonlyMap<string, string>
    readonly fieldsOf: FieldsOf
  }) {
    this.keyspace = fields.keyspace
    this.name = fields.name
    this.id = fields.id
    this.properties = fields.properties
    this.#fieldsOf = fields.fieldsOf
    this.store = new Store(this)
    this.columns = fields.columns
  }

  get fieldsOf(): FieldsOf {
    return this.#fieldsOf
  }

  /** The columns, in the order of `SELECT *`. */
  get columns(): ReadonlyArray<Column> {
    return [...this.partition, ...this.clustering, ...this.statics, ...this.regulars]
  }

  set columns(columns: ReadonlyArray<Column>) {
    const of = (kind: ColumnKind) => columns.filter((column) => column.kind === kind)
    const byPosition = (one: Column, other: Column) => one.position - other.position
    this.partition = of("partition_key").sort(byPosition)
    this.clustering = of("clustering").sort(byPosition)
    this.statics = of("static").sort(byName)
    this.regulars = of("regular").sort(byName)
    this.#columns = new Map(columns.map((column) => [column.name, column]))
    this.refresh()
  }

  /** Learns the order of clustering columns again: a user-defined type among them may have changed. */
  refresh(): void {
    this.#compares = this.clustering.map(({ isDescending, type }) => {
      const compare = comparator(type, this.#fieldsOf)
      return isDescending ? (one, other) => compare(other, one) : compare
    })
  }

  find(name: string): Column | undefined {
    return this.#columns.get(name)
  }

  column(name: string): Column {
    const column = this.find(name)
    if (column === undefined) {
      const shown = /^[a-z][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll("\"", "\"\"")}"`
      throw invalid(`Undefined column name ${shown} in table ${this.keyspace}.${this.name}`)
    }
    return column
  }

  get isCounter(): boolean {
    return [...this.regulars, ...this.statics].some(({ type }) => isCounter(type))
  }

  /** Seconds after which a row expires by itself; 0 for never. */
  get defaultTtl(): number {
    return Number(this.properties.get("default_time_to_live") ?? 0)
  }

  /** The order of rows by their clustering columns, or by the first of them. */
  compareClustering(one: ReadonlyArray<unknown>, other: ReadonlyArray<unknown>): number {
    const length = Math.min(one.length, other.length)
    for (let index = 0; index < length; index++) {
      const difference = this.#compares[index]!(one[index], other[index])
      if (difference !== 0) return difference
    }
    return 0
  }
}

export interface Keyspace {
  readonly name: string
  replication: ReadonlyArray<readonly [string, string]>
  durableWrites: boolean
  readonly tables: Map<string, Table>
  readonly types: Map<string, ReadonlyArray<Field>>
}

const systemKeyspaces: ReadonlySet<string> = new Set([
  "system",
  "system_schema",
  "system_auth",
  "system_distributed",
  "system_traces",
  "system_views",
  "system_virtual_schema"
])

export const isSystemKeyspace = (name: string): boolean => systemKeyspaces.has(name)

export class Schema {
  readonly keyspaces = new Map<string, Keyspace>()
  /** Counts up with each change. */
  version = 0

  readonly fieldsOf: FieldsOf = (keyspace, name) => this.keyspaces.get(keyspace)?.types.get(name) ?? []

  readonly hasType = (keyspace: string, name: string): boolean => this.keyspaces.get(keyspace)?.types.has(name) === true

  /** The keyspace of a name; that of the session where the name has none. */
  keyspaceOf(name: Name, session: string | undefined): string {
    const keyspace = name.keyspace ?? session
    if (keyspace === undefined) {
      throw invalid("No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename")
    }
    return keyspace
  }

  table(name: Name, session: string | undefined): Table {
    const keyspace = this.keyspaceOf(name, session)
    const found = this.keyspaces.get(keyspace)
    if (found === undefined) throw invalid(`keyspace ${keyspace} does not exist`)
    const table = found.tables.get(name.name)
    if (table === undefined) throw invalid(`table ${name.name} does not exist`)
    return table
  }
}
