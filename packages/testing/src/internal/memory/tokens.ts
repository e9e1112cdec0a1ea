/**
 * The relations of a WHERE on the token of the partition key.
 */
import type { Relation, Term } from "./cql/ast.ts"
import { termText } from "./cql/termText.ts"
import type { Environment } from "./environment.ts"
import { invalid } from "./failures.ts"
import { unset } from "./markers.ts"
import { token as tokenOf } from "./murmur3.ts"
import type { Restriction } from "./relations.ts"
import type { Table } from "./schema.ts"
import { keyBytes } from "./store.ts"
import { evaluate, evaluateKey } from "./terms.ts"
import { isAssignable } from "./values/reinterpret.ts"
import { type CqlType, scalar, schemaText } from "./values/types.ts"

type TokenRestriction = Extract<Restriction, { readonly _tag: "Token" }>

export const tokenRestriction = (
  table: Table,
  { columns, operator, term }: Extract<Relation, { readonly _tag: "CompareToken" }>,
  environment: Environment
): TokenRestriction => {
  const named = columns.map((name) => table.column(name))
  const isKey = named.length === table.partition.length && named.every((column) => column.kind === "partition_key")
  if (!isKey) {
    throw invalid(
      "The token() function must be applied to all partition key components or none of them"
    )
  }
  if (named.some((column, index) => column.position !== index)) {
    throw invalid(
      `The token function arguments must be in the partition key order: ${
        table.partition.map(({ name }) => name).join(", ")
      }`
    )
  }
  if (operator === "!=" || operator === "IN" || operator.startsWith("CONTAINS")) {
    const shown = `token(${columns.join(", ")}) ${operator} ${termText(term)}`
    throw invalid(`Unsupported "${operator}" relation: ${shown}`)
  }
  const token = term._tag === "CallTerm" && term.name === "token"
    ? callToken(table, term.args, environment)
    : tokenValue(evaluate(term, { name: "partition key token", type: scalar("bigint") }, environment))
  return { _tag: "Token", operator: operator as TokenRestriction["operator"], token }
}

const tokenValue = (value: unknown): bigint => {
  if (value === null) throw invalid("Invalid null token value")
  if (value === unset) throw invalid("Invalid unset token value")
  return value as bigint
}

const callToken = (table: Table, args: ReadonlyArray<Term>, environment: Environment): bigint => {
  if (args.length !== table.partition.length) {
    throw invalid(
      `Invalid number of arguments in call to function token: ${table.partition.length} required but ${args.length} provided`
    )
  }
  const key = table.partition.map(({ type }, index) =>
    evaluateKey(args[index]!, { name: `arg${index}(system.token)`, type }, environment)
  )
  return tokenOf(keyBytes(table, key))
}

/** Refuses relations on the token that exclude each other. */
export const checkTokens = (table: Table, restrictions: ReadonlyArray<Restriction>): void => {
  const tokens = restrictions.filter((each) => each._tag === "Token")
  const name = table.partition.map((column) => column.name).join(", ")
  if (tokens.length > 1 && tokens.some(({ operator }) => operator === "=")) {
    throw invalid(`${name} cannot be restricted by more than one relation if it includes an Equal`)
  }
  for (const bound of ["start", "end"]) {
    if (tokens.filter(({ operator }) => operator.startsWith(">") === (bound === "start")).length > 1) {
      throw invalid(`More than one restriction was found for the ${bound} bound on ${name}`)
    }
  }
}

/** Refuses arguments of token() that are of another type than the column of the key. */
export const checkArguments = (
  table: Table,
  args: ReadonlyArray<{ readonly name: string; readonly type: CqlType }>
): void => {
  for (const [index, { name, type }] of args.entries()) {
    const expected = table.partition[index]!.type
    if (isAssignable(type, expected)) continue
    throw invalid(
      `Type error: ${name} cannot be passed as argument ${index} of function system.token of type ${
        schemaText(expected)
      }`
    )
  }
}
