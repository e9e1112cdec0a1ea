/**
 * Page states that are valid for one statement only.
 *
 * To a server a page state is a place to go on from. Given that of another statement, it reads rows from there. So the adapter puts
 * a fingerprint of the statement in front: of its text, its values, and the keyspace of an unqualified table.
 */
import { PageState, Reason } from "@effect-cql/core"
import type { Request } from "@effect-cql/core/Port"
import { hash } from "node:crypto"

/** The statement that a page state is of. */
export interface Paged {
  readonly fingerprint: string
}

/** The properties of a statement in its fingerprint. */
export interface Fingerprinted {
  readonly text: string
  /** Its values as they are sent. */
  readonly values: Buffer
  /** The keyspace of its client. */
  readonly keyspace: string | undefined
}

/** A page state of a client, taken apart. Of another driver it has no fingerprint. */
export interface Parts {
  readonly fingerprint: string | undefined
  readonly state: Buffer
}

// Eight digits find a mistake. More would say more of the values to those who see the state.
const length = 8

// Node.js reads other texts up to the first bad digit: as an empty state, for which a server gives the first page.
const form = /^(?:([\da-f]{8})\.)?((?:[\da-f]{2})+)$/i

const isQualified = /\bFROM\s+(?:"(?:[^"]|"")*"|\w+)\s*\./i

/** The fingerprint of a statement: a hash, so made once for each page. */
export const fingerprintOf = ({ keyspace, text, values }: Fingerprinted): string => {
  const head = `${!keyspace || isQualified.test(text) ? "" : keyspace}\0${text}\0`
  const all = values.length === 0 ? head : Buffer.concat([Buffer.from(head), values])
  return hash("sha256", all, "hex").slice(0, length)
}

/** Takes the page state for a request apart. A batch has one page. */
export const partsOf = (state: PageState, { _tag }: Request): Parts | Reason.InvalidPageState => {
  if (_tag === "Batch") return ofBatch
  const match = form.exec(state)
  return match === null
    ? new Reason.InvalidPageState({ message: "page state: expected the state of an earlier page, got another text" })
    : { fingerprint: match[1]?.toLowerCase(), state: Buffer.from(match[2]!, "hex") }
}

/** The reason to refuse a page state for a statement, if it is of another one. */
export const refusalOf = ({ fingerprint }: Parts, paged: Paged): Reason.InvalidPageState | undefined =>
  fingerprint === undefined || fingerprint === paged.fingerprint ? undefined : ofAnother

const ofBatch = new Reason.InvalidPageState({
  message: "page state: expected none for a batch, which has one page, got one. Execute the batch without it."
})

const ofAnother = new Reason.InvalidPageState({
  message:
    "page state: expected one of this statement, got one of another text or of other values. Request the first page."
})

/** The page state of a statement: that of the server, with the fingerprint in front. */
export const pageStateOf = (state: Buffer, paged: Paged): PageState =>
  PageState(`${paged.fingerprint}.${state.toString("hex")}`)
