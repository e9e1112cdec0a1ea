/** Consistency levels by their names in CQL and by the numbers of the protocol. */
import type { Consistency } from "@effect-cql/core"

const codes: { readonly [Level in Consistency]: number } = {
  ANY: 0x00,
  ONE: 0x01,
  TWO: 0x02,
  THREE: 0x03,
  QUORUM: 0x04,
  ALL: 0x05,
  LOCAL_QUORUM: 0x06,
  EACH_QUORUM: 0x07,
  SERIAL: 0x08,
  LOCAL_SERIAL: 0x09,
  LOCAL_ONE: 0x0a
}

const names = new Map(Object.entries(codes).map(([name, code]) => [code, name as Consistency]))

/** The number of a level. */
export const toCode = (level: Consistency): number => codes[level]

/** The level of a number. */
export const fromCode = (code: unknown): Consistency | undefined => names.get(Number(code))
