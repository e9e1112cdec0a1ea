/**
 * The syntax trees of CQL: texts as they are written, before a schema gives them a meaning.
 */

/** The kind of a constant, as error messages name it. */
export type ConstantKind = "INTEGER" | "FLOAT" | "STRING" | "UUID" | "BOOLEAN" | "HEX" | "DURATION"

/** A value in a text. */
export type Term =
  | { readonly _tag: "Constant"; readonly kind: ConstantKind; readonly text: string }
  | { readonly _tag: "Null" }
  | { readonly _tag: "Marker"; readonly index: number; readonly name: string | undefined }
  | { readonly _tag: "ListTerm"; readonly elements: ReadonlyArray<Term> }
  | { readonly _tag: "SetTerm"; readonly elements: ReadonlyArray<Term> }
  | { readonly _tag: "MapTerm"; readonly entries: ReadonlyArray<readonly [Term, Term]> }
  | { readonly _tag: "UdtTerm"; readonly fields: ReadonlyArray<readonly [string, Term]> }
  | { readonly _tag: "TupleTerm"; readonly elements: ReadonlyArray<Term> }
  | { readonly _tag: "CallTerm"; readonly name: string; readonly args: ReadonlyArray<Term> }
  | { readonly _tag: "Hint"; readonly type: TypeName; readonly term: Term }
  | { readonly _tag: "Operation"; readonly operator: string; readonly left: Term | undefined; readonly right: Term }

/** A type as it is written. */
export type TypeName =
  | { readonly _tag: "Named"; readonly keyspace: string | undefined; readonly name: string; readonly isQuoted: boolean }
  | { readonly _tag: "Frozen"; readonly type: TypeName }
  | { readonly _tag: "ListOf" | "SetOf"; readonly element: TypeName }
  | { readonly _tag: "MapOf"; readonly key: TypeName; readonly value: TypeName }
  | { readonly _tag: "TupleOf"; readonly elements: ReadonlyArray<TypeName> }
  | { readonly _tag: "VectorOf"; readonly element: TypeName; readonly dimension: number }
  | { readonly _tag: "CustomClass"; readonly className: string }

/** A name that a keyspace may qualify. */
export interface Name {
  readonly keyspace: string | undefined
  readonly name: string
}

/** An expression of a SELECT clause. */
export type Selector =
  | { readonly _tag: "ColumnOf"; readonly column: string }
  | { readonly _tag: "FieldOf"; readonly of: Selector; readonly field: string }
  | { readonly _tag: "ElementOf"; readonly of: Selector; readonly key: Term }
  | { readonly _tag: "SliceOf"; readonly of: Selector }
  | { readonly _tag: "CountRows"; readonly text: string }
  | { readonly _tag: "WriteTimeOf"; readonly function: "writetime" | "ttl" | "maxwritetime"; readonly of: Selector }
  | { readonly _tag: "CastOf"; readonly of: Selector; readonly type: TypeName }
  | { readonly _tag: "CallOf"; readonly name: string; readonly args: ReadonlyArray<Selector> }
  | { readonly _tag: "TermOf"; readonly term: Term }
  | { readonly _tag: "OperationOf"; readonly operator: string }

export interface Selected {
  readonly selector: Selector
  readonly alias: string | undefined
}

export type Operator = "=" | "<" | ">" | "<=" | ">=" | "!=" | "CONTAINS" | "CONTAINS KEY" | "LIKE" | "IN" | "IS NOT"

/** The right side of an IN: terms, or a marker for the whole list. */
export type InList = ReadonlyArray<Term> | Term

/** One part of a WHERE. */
export type Relation =
  | { readonly _tag: "Compare"; readonly column: string; readonly operator: Operator; readonly term: Term }
  | { readonly _tag: "In"; readonly column: string; readonly list: InList }
  | {
    readonly _tag: "CompareElement"
    readonly column: string
    readonly key: Term
    readonly operator: Operator
    readonly term: Term
  }
  | {
    readonly _tag: "CompareTuple"
    readonly columns: ReadonlyArray<string>
    readonly operator: Operator
    readonly term: Term
  }
  | { readonly _tag: "InTuples"; readonly columns: ReadonlyArray<string>; readonly list: InList }
  | {
    readonly _tag: "CompareToken"
    readonly columns: ReadonlyArray<string>
    readonly operator: Operator
    readonly term: Term
  }
  | { readonly _tag: "IsNotNull"; readonly column: string }

/** One part of an IF. */
export interface Condition {
  readonly column: string
  readonly element?: Term | undefined
  readonly field?: string | undefined
  readonly operator: Operator
  readonly term: Term | undefined
  readonly list: InList | undefined
}

export type If = "EXISTS" | "NOT EXISTS" | ReadonlyArray<Condition> | undefined

export interface Using {
  readonly timestamp?: Term | undefined
  readonly ttl?: Term | undefined
}

/** One part of a SET. */
export type Assignment =
  | { readonly _tag: "Set"; readonly column: string; readonly term: Term }
  | { readonly _tag: "Add"; readonly column: string; readonly term: Term; readonly source: string }
  | { readonly _tag: "Subtract"; readonly column: string; readonly term: Term; readonly source: string }
  | { readonly _tag: "Prepend"; readonly column: string; readonly term: Term; readonly source: string }
  | { readonly _tag: "SetElement"; readonly column: string; readonly key: Term; readonly term: Term }
  | { readonly _tag: "SetField"; readonly column: string; readonly field: string; readonly term: Term }

/** Target of a DELETE: a column, an element or a field of it. */
export interface Deleted {
  readonly column: string
  readonly element?: Term | undefined
  readonly field?: string | undefined
}

export interface Select {
  readonly _tag: "Select"
  readonly table: Name
  readonly isJson: boolean
  readonly isDistinct: boolean
  /** Nothing for `*`. */
  readonly selected: ReadonlyArray<Selected> | undefined
  readonly where: ReadonlyArray<Relation>
  readonly groupBy: ReadonlyArray<string>
  readonly groupsByFunction: boolean
  readonly orderBy: ReadonlyArray<{ readonly column: string; readonly isDescending: boolean }>
  readonly isAnn: boolean
  readonly perPartitionLimit: Term | undefined
  readonly limit: Term | undefined
  readonly allowFiltering: boolean
}

export interface Insert {
  readonly _tag: "Insert"
  readonly table: Name
  /** Nothing for `INSERT ... JSON`. */
  readonly columns: ReadonlyArray<string> | undefined
  readonly values: ReadonlyArray<Term>
  readonly if: If
  readonly using: Using
}

export interface Update {
  readonly _tag: "Update"
  readonly table: Name
  readonly using: Using
  readonly assignments: ReadonlyArray<Assignment>
  readonly where: ReadonlyArray<Relation>
  readonly if: If
}

export interface Delete {
  readonly _tag: "Delete"
  readonly table: Name
  readonly deleted: ReadonlyArray<Deleted>
  readonly using: Using
  readonly where: ReadonlyArray<Relation>
  readonly if: If
}

export type Mutation = Insert | Update | Delete

export interface BatchText {
  readonly _tag: "BatchText"
  readonly type: "logged" | "unlogged" | "counter"
  readonly using: Using
  readonly mutations: ReadonlyArray<Mutation>
}

export type PropertyValue = string | ReadonlyArray<readonly [string, string]>
export type Properties = ReadonlyArray<readonly [name: string, value: PropertyValue]>

export interface ColumnDefinition {
  readonly name: string
  readonly type: TypeName
  readonly isStatic: boolean
  readonly isPrimaryKey: boolean
}

export interface CreateTable {
  readonly _tag: "CreateTable"
  readonly table: Name
  readonly ifNotExists: boolean
  readonly columns: ReadonlyArray<ColumnDefinition>
  /** Partition and clustering columns of each PRIMARY KEY clause. */
  readonly keys: ReadonlyArray<
    { readonly partition: ReadonlyArray<string>; readonly clustering: ReadonlyArray<string> }
  >
  readonly order: ReadonlyArray<{ readonly column: string; readonly isDescending: boolean }>
  readonly isCompact: boolean
  readonly properties: Properties
}

export interface KeyspaceDefinition<Tag extends string> {
  readonly _tag: Tag
  readonly name: string
  /** Of IF NOT EXISTS, or IF EXISTS. */
  readonly isConditional: boolean
  readonly properties: Properties
}

/** A statement that changes a schema. */
export type Definition =
  | CreateTable
  | KeyspaceDefinition<"CreateKeyspace">
  | KeyspaceDefinition<"AlterKeyspace">
  | {
    readonly _tag: "CreateType"
    readonly type: Name
    readonly ifNotExists: boolean
    readonly fields: ReadonlyArray<readonly [string, TypeName]>
  }
  | {
    readonly _tag: "CreateIndex"
    readonly name: string | undefined
    readonly table: Name
    readonly ifNotExists: boolean
    readonly column: string
    readonly target: "values" | "keys" | "entries" | "full" | undefined
    readonly className: string | undefined
    readonly options: PropertyValue
  }
  | {
    readonly _tag: "AlterTable"
    readonly table: Name
    readonly ifExists: boolean
    readonly change:
      | {
        readonly _tag: "AddColumns"
        readonly ifNotExists: boolean
        readonly columns: ReadonlyArray<ColumnDefinition>
      }
      | { readonly _tag: "DropColumns"; readonly ifExists: boolean; readonly columns: ReadonlyArray<string> }
      | { readonly _tag: "RenameColumns"; readonly columns: ReadonlyArray<readonly [string, string]> }
      | { readonly _tag: "SetProperties"; readonly properties: Properties }
  }
  | {
    readonly _tag: "AlterType"
    readonly type: Name
    readonly ifExists: boolean
    readonly change:
      | { readonly _tag: "AddField"; readonly field: string; readonly type: TypeName; readonly ifNotExists: boolean }
      | {
        readonly _tag: "RenameFields"
        readonly ifExists: boolean
        readonly fields: ReadonlyArray<readonly [string, string]>
      }
  }
  | {
    readonly _tag: "Drop"
    readonly what: "table" | "type" | "keyspace" | "index"
    readonly name: Name
    readonly ifExists: boolean
  }
  | { readonly _tag: "Truncate"; readonly table: Name }

export type CqlStatement = Select | Mutation | BatchText | Definition | {
  readonly _tag: "Use"
  readonly keyspace: string
}
