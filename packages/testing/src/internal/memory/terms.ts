/**
 * Terms of a text as values of the column that they are for.
 */
import type { Term } from "./cql/ast.ts"
import { termText } from "./cql/termText.ts"
import type { Environment } from "./environment.ts"
import { invalid, type Refused, unsupported } from "./failures.ts"
import { choose } from "./functions.ts"
import { type Receiver, unset } from "./markers.ts"
import { sortedMap, sortedSet } from "./values/compare.ts"
import { fits, literal, preferred } from "./values/literal.ts"
import { isAssignable, reinterpret } from "./values/reinterpret.ts"
import { type CqlType, isMultiCell, resolveType, scalar, schemaText } from "./values/types.ts"

/** The value of a term; null for none. */
export const evaluate = (term: Term, receiver: Receiver, environment: Environment): unknown => {
  const { name, type } = receiver
  switch (term._tag) {
    case "Null":
      return null
    case "Marker":
      return environment.markers.valueOf(term, receiver)
    case "Constant":
      return literal(term.kind, term.text, type, name)
    case "Hint": {
      const hinted = resolveType(term.type, environment.keyspace ?? "", environment.schema.hasType)
      if (term.term._tag === "Constant" && !fits(term.term.kind, hinted)) {
        throw invalid(`Cannot cast value ${termText(term.term)} to type ${schemaText(hinted)}`)
      }
      if (!isAssignable(hinted, type)) {
        throw invalid(`Cannot assign value ${termText(term)} to ${name} of type ${schemaText(type)}`)
      }
      return evaluate(term.term, receiver, environment)
    }
    case "CallTerm":
      return call(term, receiver, environment)
    case "Operation":
      throw unsupported("arithmetic between values", "Compute the value in the program and bind it.")
    default:
      return structure(term, receiver, environment)
  }
}

/** A value that has to be there, such as that of a key. */
export const evaluateKey = (term: Term, receiver: Receiver, environment: Environment): unknown => {
  const value = evaluate(term, receiver, environment)
  if (value === null) throw invalid(`Invalid null value in condition for column ${receiver.name}`)
  if (value === unset) throw invalid(`Invalid unset value for column ${receiver.name}`)
  return value
}

/** A value of type int, for what is none of a column: a LIMIT, a TTL. */
export const evaluateInt = (term: Term, name: string, environment: Environment): number | null | typeof unset =>
  evaluate(term, { name, type: scalar("int") }, environment) as number | null | typeof unset

/** The type that a term has by itself: constants and markers have none. */
const ownType = (term: Term, environment: Environment): CqlType | undefined => {
  if (term._tag === "Hint") return resolveType(term.type, environment.keyspace ?? "", environment.schema.hasType)
  return term._tag === "CallTerm" && term.name !== "token" && !isToJson(term.name)
    ? chosen(term, environment).returns
    : isToJson(term._tag === "CallTerm" ? term.name : "")
    ? scalar("text")
    : undefined
}

/** The type that a constant has where several would fit. */
export const preferredType = (term: Term): CqlType | undefined =>
  term._tag === "Constant" ? preferred(term.kind, term.text) : undefined

const isToJson = (name: string): boolean => name.replaceAll("_", "") === "tojson"

type Call = Extract<Term, { readonly _tag: "CallTerm" }>

const chosen = ({ args, name }: Call, environment: Environment, receiver?: Receiver) =>
  choose(
    name,
    args.map((arg) => ownType(arg, environment)),
    (index, type) => {
      const arg = args[index]
      return arg?._tag === "Constant" ? fits(arg.kind, type) : arg?._tag === "Marker" || arg?._tag === "Null"
    },
    args.map((arg) =>
      arg._tag === "Constant" && (arg.kind === "INTEGER" || arg.kind === "FLOAT") && receiver !== undefined &&
        fits(arg.kind, receiver.type)
        ? receiver.type
        : preferredType(arg)
    )
  )

const call = (term: Call, receiver: Receiver, environment: Environment): unknown => {
  if (isToJson(term.name)) throw unsupported("toJson of a term", "Write the text, or bind it.")
  const { apply, params, returns } = chosen(term, environment, receiver)
  if (!isAssignable(returns, receiver.type)) {
    throw invalid(
      `Type error: cannot assign result of function system.${term.name} (type ${
        schemaText(returns)
      }) to ${receiver.name} (type ${schemaText(receiver.type)})`
    )
  }
  const args = term.args.map((arg, index) =>
    evaluate(arg, { name: `arg${index}(system.${term.name})`, type: params[index]! }, environment)
  )
  const { fieldsOf } = environment.schema
  return reinterpret(environment.markers.resultOf(returns, () => apply(args, environment)), returns, receiver, fieldsOf)
}

const mismatch = (kind: string, { name, type }: Receiver): Refused =>
  invalid(`Invalid ${kind} literal for ${name} of type ${schemaText(type)}`)

const kindOfLiteral = ({ _tag }: CqlType): string =>
  _tag === "Vector" || _tag === "Set" || _tag === "Map" ? _tag.toLowerCase() : "list"

const checkConstant = (term: Term, type: CqlType, what: string): void => {
  if (term._tag === "Constant" && !fits(term.kind, type)) {
    throw invalid(`${what} ${termText(term)} is not of type ${schemaText(type)}`)
  }
}

const checkPart = (term: Term, type: CqlType | undefined, what: string): void => {
  if (type !== undefined && term._tag === "Constant" && !fits(term.kind, type)) {
    throw invalid(`${what} is not of type ${schemaText(type)}`)
  }
}

/** True for a term that has a value only when its statement is executed. */
const isOpen = (term: Term): boolean => {
  switch (term._tag) {
    case "Marker":
      return true
    case "Hint":
      return isOpen(term.term)
    case "CallTerm":
      return term.args.some(isOpen)
    case "TupleTerm":
      return term.elements.some(isOpen)
    case "UdtTerm":
      return term.fields.some(([, part]) => isOpen(part))
    default:
      return false
  }
}

/** An element of a collection; the elements of a vector alone may be bound. */
const element = (
  term: Term,
  receiver: Receiver,
  environment: Environment,
  of: Receiver
): unknown => {
  const value = evaluate(term, receiver, environment)
  if (of.type._tag !== "Vector" && isOpen(term)) {
    throw invalid(
      `Invalid ${
        kindOfLiteral(of.type)
      } literal for ${of.name}: bind variables are not supported inside collection literals`
    )
  }
  if (value === null) throw invalid("null is not supported inside collections")
  if (value === unset) throw invalid("unset value is not supported inside collections")
  return value
}

type Structure = Exclude<Term, { readonly _tag: "Null" | "Marker" | "Constant" | "Hint" | "CallTerm" | "Operation" }>

const structure = (term: Structure, receiver: Receiver, environment: Environment): unknown => {
  const { name, type } = receiver
  const { fieldsOf } = environment.schema
  const elements = (terms: ReadonlyArray<Term>, type: CqlType) => {
    for (const each of terms) {
      checkConstant(each, type, `Invalid ${kindOfLiteral(receiver.type)} literal for ${name}: value`)
    }
    return terms.map((each) => element(each, { name: `value(${name})`, type }, environment, receiver))
  }
  switch (term._tag) {
    case "ListTerm":
      if (type._tag === "Vector") {
        if (term.elements.length !== type.dimension) {
          throw invalid(
            `Invalid vector literal for ${name} of type ${
              schemaText(type)
            }; expected ${type.dimension} elements, but given ${term.elements.length}`
          )
        }
        return elements(term.elements, type.element)
      }
      if (type._tag !== "List") {
        throw invalid(`Unexpected receiver type '${schemaText(type)}'; only list and vector are expected`)
      }
      return emptyIsNull(elements(term.elements, type.element), term.elements.length, type)
    case "SetTerm":
      if (type._tag === "Map" && term.elements.length === 0) return emptyIsNull(new Map(), 0, type)
      if (type._tag !== "Set") throw mismatch("set", receiver)
      return emptyIsNull(
        sortedSet(type.element, elements(term.elements, type.element), fieldsOf),
        term.elements.length,
        type
      )
    case "MapTerm": {
      if (type._tag !== "Map") throw mismatch("map", receiver)
      for (const [key, value] of term.entries) {
        checkConstant(key, type.key, `Invalid map literal for ${name}: key`)
        checkConstant(value, type.value, `Invalid map literal for ${name}: value`)
      }
      const entries = term.entries.map(([key, value]) =>
        [
          element(key, { name: `key(${name})`, type: type.key }, environment, receiver),
          element(value, { name: `value(${name})`, type: type.value }, environment, receiver)
        ] as const
      )
      return sortedMap(type.key, entries, fieldsOf)
    }
    case "TupleTerm": {
      if (type._tag !== "Tuple") {
        const [only] = term.elements
        // A term in parentheses reads like a tuple of one value.
        if (term.elements.length === 1 && only !== undefined && type._tag !== "Udt") {
          return evaluate(only, receiver, environment)
        }
        throw invalid(`Invalid tuple type literal for ${name} of type ${schemaText(type)}`)
      }
      if (term.elements.length > type.elements.length) {
        throw invalid(
          `Invalid tuple literal for ${name}: too many elements. Type ${
            schemaText(type)
          } expects ${type.elements.length} but got ${term.elements.length}`
        )
      }
      for (const [index, part] of term.elements.entries()) {
        checkPart(part, type.elements[index], `Invalid tuple literal for ${name}: component ${index}`)
      }
      return type.elements.map((element, index) => {
        const part = term.elements[index]
        return part === undefined ? null : whole(part, { name: `${name}[${index}]`, type: element }, environment)
      })
    }
    case "UdtTerm": {
      if (type._tag !== "Udt") {
        throw invalid(`Invalid user type literal for ${name} of type ${schemaText(type)}`)
      }
      const fields = fieldsOf(type.keyspace, type.name)
      const stray = term.fields.find(([field]) => !fields.some(({ name }) => name === field))
      if (stray !== undefined) {
        throw invalid(`Unknown field '${stray[0]}' in value of user defined type ${type.name}`)
      }
      for (const [field, part] of term.fields) {
        const of = fields.find((each) => each.name === field)?.type
        checkPart(part, of, `Invalid user type literal for ${name}: field ${field}`)
      }
      return Object.fromEntries(fields.map((field) => {
        const given = term.fields.find(([name]) => name === field.name)?.[1]
        const of = { name: `${name}.${field.name}`, type: field.type }
        return [field.name, given === undefined ? null : whole(given, of, environment)]
      }))
    }
  }
}

const whole = (term: Term, receiver: Receiver, environment: Environment): unknown => {
  const value = evaluate(term, receiver, environment)
  return value === unset ? null : value
}

/** A collection that is stored element by element has no empty value. */
const emptyIsNull = (value: unknown, size: number, type: CqlType): unknown =>
  size === 0 && isMultiCell(type) ? null : value
