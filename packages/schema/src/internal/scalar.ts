/**
 * Constructors of the schemas of scalars.
 */
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import type { Scalar } from "../CqlScalar.ts"
import { cqlType } from "./cqlType.ts"

/** A schema under its short type. */
export const scalar = <T, E, Ast extends SchemaAST.AST>(schema: { readonly ast: Ast }): Scalar<T, E, Ast> =>
  Schema.make<Scalar<T, E, Ast>>(schema.ast)

/** A string of a type. */
export const text = (type: string) => Schema.String.annotate({ [cqlType]: type })
