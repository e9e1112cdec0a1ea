/** Secret values, and every representation in which a program may reveal them. */
import { Cause, Effect, Logger, References, Tracer } from "effect"
import { format, inspect } from "node:util"
import type { Random } from "./random.ts"

/** A value to bind, and the forms in which it would be recognised. */
export interface Secret {
  readonly kind: string
  readonly value: unknown
  readonly forms: ReadonlyArray<string>
}

const letters = "bcdfghjklmnpqrstvwxz"

const textOf = (random: Random): string =>
  Array.from({ length: 12 }, () => letters[random.between(0, letters.length - 1)]).join("")

const formsOfBytes = (bytes: Uint8Array): ReadonlyArray<string> => {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
  const indexed = JSON.stringify(Uint8Array.from(bytes)).slice(1, -1)
  const base64 = Buffer.from(bytes).toString("base64")
  return [hex.join(""), hex.join(" "), bytes.join(","), bytes.join(", "), indexed, base64]
}

const formsOfText = (text: string): ReadonlyArray<string> => [text, ...formsOfBytes(Buffer.from(text))]

const kinds: ReadonlyArray<(random: Random) => Secret> = [
  (random) => {
    const value = textOf(random)
    return { kind: "string", value, forms: formsOfText(value) }
  },
  (random) => {
    const inner = textOf(random)
    return { kind: "string with quotes", value: `${inner}'; "--\n`, forms: formsOfText(inner) }
  },
  (random) => {
    const value = BigInt(`9${Array.from({ length: 15 }, () => random.between(0, 9)).join("")}`)
    return { kind: "bigint", value, forms: [String(value)] }
  },
  (random) => {
    const value = random.between(10_000_000_000, 99_999_999_999)
    return { kind: "number", value, forms: [String(value)] }
  },
  (random) => {
    const value = Buffer.from(textOf(random))
    return { kind: "Buffer", value, forms: [value.toString(), ...formsOfBytes(value)] }
  },
  (random) => {
    const value = Uint8Array.from({ length: 12 }, () => random.between(0, 255))
    return { kind: "Uint8Array", value, forms: formsOfBytes(value) }
  },
  (random) => {
    const value = new Date(random.between(10_000_000_000, 99_999_999_999))
    return { kind: "Date", value, forms: [value.toISOString(), String(value.getTime()), String(value)] }
  }
]

/** One secret of each kind. */
export const secrets = (random: Random): ReadonlyArray<Secret> => kinds.map((make) => make(random))

/** Runs something that throws, for nothing but what it gives. */
const attempt = (represent: () => string): string => {
  try {
    return represent()
  } catch {
    return ""
  }
}

const json = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => typeof each === "bigint" ? String(each) : each) ?? ""

const everything = { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity } as const

const formsOf: Readonly<Record<string, (value: unknown) => string>> = {
  String,
  message: (value) => String(Object(value).message),
  stack: (value) => String(Object(value).stack),
  JSON: json,
  inspect: (value) => inspect(value, everything),
  "inspect with hidden properties": (value) => inspect(value, { ...everything, showHidden: true }),
  "inspect with getters": (value) => inspect(value, { ...everything, showHidden: true, getters: true }),
  "inspect of an uncaught error": (value) => inspect(value, { ...everything, customInspect: false }),
  "inspect of that with hidden properties": (value) =>
    inspect(value, { ...everything, customInspect: false, showHidden: true }),
  format: (value) => format("%s %o %O %j", value, value, value, value),
  spread: (value) => inspect({ ...Object(value) }, { ...everything, showHidden: true, getters: true }),
  "JSON of a spread": (value) => json({ ...Object(value) }),
  structuredClone: (value) => inspect(structuredClone(value), { ...everything, showHidden: true }),
  "Cause.pretty of a failure": (value) => Cause.pretty(Cause.fail(value)),
  "Cause.pretty of a defect": (value) => Cause.pretty(Cause.die(value)),
  "Cause.pretty": (value) => Cause.isCause(value) ? Cause.pretty(value) : "",
  "inspect of a wrapping error": (value) => inspect(new Error("wrapped", { cause: value }), everything)
}

/** A value and the errors beneath it. */
const chainOf = (value: unknown): ReadonlyArray<unknown> => {
  const beneath = value instanceof Error ? value.cause : undefined
  return beneath === undefined ? [value] : [value, ...chainOf(beneath)]
}

/** Every representation of a value, by name. */
export const representations = (value: unknown): ReadonlyArray<readonly [form: string, told: string]> =>
  chainOf(value).flatMap((link) =>
    Object.entries(formsOf).map(([form, represent]) => [form, attempt(() => represent(link))] as const)
  )

/** Recorded output of a program: its log in every format, and its spans. */
export interface Told {
  readonly lines: Array<string>
  readonly spans: Array<Tracer.NativeSpan>
}

const formats: Readonly<Record<string, Logger.Logger<unknown, unknown>>> = {
  simple: Logger.formatSimple,
  logfmt: Logger.formatLogFmt,
  structured: Logger.formatStructured,
  json: Logger.formatJson
}

/** Runs an effect and records its output, with every level of the log. */
export const listening = <A, E, R>(self: Effect.Effect<A, E, R>, told: Told): Effect.Effect<A, E, R> =>
  self.pipe(
    Effect.withSpan("test"),
    Effect.withTracer(Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        told.spans.push(span)
        return span
      }
    })),
    Effect.provide(Logger.layer(
      Object.values(formats).map((logger) =>
        Logger.map(logger, (line) => {
          told.lines.push(typeof line === "string" ? line : inspect(line, everything))
        })
      )
    )),
    Effect.provideService(References.MinimumLogLevel, "All")
  )

/** The representations that reveal a secret; empty if there is no leak. */
export const leaks = (
  secret: Secret,
  values: ReadonlyArray<unknown>,
  told: Told
): ReadonlyArray<string> => {
  const spans = told.spans.flatMap(({ attributes, events, status }) => [
    ...attributes,
    ...events,
    ...(status._tag === "Ended" ? [status.exit] : [])
  ])
  const all = [
    ...[...values, ...spans].flatMap(representations),
    ...told.lines.map((line) => ["log", line] as const)
  ]
  return all.map(([form, text]) => [form, text.replaceAll(/\s+/g, " ")] as const).flatMap(([form, text]) =>
    secret.forms.filter((each) => text.includes(each)).map((each) => {
      const at = text.indexOf(each)
      return `${secret.kind} in ${form}: ${text.slice(Math.max(0, at - 100), at + 40)}`
    })
  )
}
