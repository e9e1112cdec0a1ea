/**
 * Dates and times of CQL as texts.
 */

const dateText = /^([+-]?)(\d{4,7})-(\d{1,2})-(\d{1,2})$/

/** The days since 1970-01-01 of a date; `undefined` when the text is none, or out of range. */
export const toDays = (date: string): number | undefined => {
  const match = dateText.exec(date)
  if (match === null) return undefined
  const year = Number(`${match[1]}${match[2]}`)
  const [month, day] = [Number(match[3]), Number(match[4])]
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return undefined
  const days = fromCivil(year, month, day)
  return days >= -(2 ** 31) && days < 2 ** 31 ? days : undefined
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

const daysOfMonth = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31

// Eras of 400 years have the same number of days. A year begins in March here, so that the leap day is its last.
const daysOfEra = 146_097
const fromEpoch = 719_468

const fromCivil = (year: number, month: number, day: number): number => {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * daysOfEra + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear -
    fromEpoch
}

/** The date of a number of days, `YYYY-MM-DD`; years before 0 and after 9999 carry their sign and further digits. */
export const fromDays = (days: number): string => {
  const shifted = days + fromEpoch
  const era = Math.floor(shifted / daysOfEra)
  const dayOfEra = shifted - era * daysOfEra
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const sign = year < 0 ? "-" : year > 9999 ? "+" : ""
  return `${sign}${String(Math.abs(year)).padStart(4, "0")}-${two(month)}-${two(day)}`
}

const two = (number: number): string => String(number).padStart(2, "0")

const timestampText =
  /^([+-]?\d{4,6}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/

/** The milliseconds since the epoch of a timestamp; without a zone it is one of UTC. */
export const toMillis = (text: string): number | undefined => {
  if (/^-?\d+$/.test(text)) return Number(text)
  const match = timestampText.exec(text)
  const days = match === null ? undefined : toDays(match[1] ?? "")
  if (match === null || days === undefined) return undefined
  const [, , hours = "0", minutes = "0", seconds = "0", fraction = "", zone = "Z"] = match
  const millis = Number(fraction.slice(0, 3).padEnd(3, "0"))
  const sign = zone.startsWith("-") ? -1 : 1
  const digits = /^[+-]/.test(zone) ? zone.slice(1).replace(":", "").padEnd(4, "0") : "0000"
  const offset = sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2)))
  return days * 86_400_000 + ((Number(hours) * 60 + Number(minutes) - offset) * 60 + Number(seconds)) * 1_000 + millis
}

/** The nanoseconds of the day of a time `HH:MM:SS[.fffffffff]`. */
export const toNanos = (text: string): bigint | undefined => {
  if (/^\d+$/.test(text)) return BigInt(text)
  const match = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?$/.exec(text)
  if (match === null) return undefined
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  return BigInt((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000n + BigInt((match[4] ?? "").padEnd(9, "0"))
}

/** A time of the day as the server writes it. */
export const fromNanos = (nanoseconds: bigint): string => {
  const seconds = Number(nanoseconds / 1_000_000_000n)
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, "0")
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${fraction}`
}

export interface DurationValue {
  readonly months: number
  readonly days: number
  readonly nanoseconds: bigint
}

const units: Readonly<Record<string, readonly [months: number, days: number, nanoseconds: bigint]>> = {
  y: [12, 0, 0n],
  mo: [1, 0, 0n],
  w: [0, 7, 0n],
  d: [0, 1, 0n],
  h: [0, 0, 3_600_000_000_000n],
  m: [0, 0, 60_000_000_000n],
  s: [0, 0, 1_000_000_000n],
  ms: [0, 0, 1_000_000n],
  us: [0, 0, 1_000n],
  µs: [0, 0, 1_000n],
  ns: [0, 0, 1n]
}

/** A duration such as `1y2mo3d4h` or `P1Y2M3DT4H`. */
export const toDuration = (text: string): DurationValue | undefined => {
  const isNegative = text.startsWith("-")
  const body = isNegative ? text.slice(1) : text
  let inTime = false
  let [months, days, nanoseconds] = [0, 0, 0n]
  const isIso = /^P/i.test(body)
  const pieces = isIso ? /T|(\d+)([YMWDHS])/gi : /(\d+)([a-zµ]+)/gi
  for (const [piece, digits = "", unit = ""] of body.matchAll(pieces)) {
    if (/^t$/i.test(piece)) {
      inTime = true
      continue
    }
    const lower = unit.toLowerCase()
    const found = units[isIso && lower === "m" && !inTime ? "mo" : lower]
    if (found === undefined) return undefined
    months += Number(digits) * found[0]
    days += Number(digits) * found[1]
    nanoseconds += BigInt(digits) * found[2]
  }
  const negated = (value: number) => value === 0 ? 0 : -value
  return isNegative
    ? { months: negated(months), days: negated(days), nanoseconds: -nanoseconds }
    : { months, days, nanoseconds }
}

/** A duration as the server writes it. */
export const fromDuration = ({ days, months, nanoseconds }: DurationValue): string => {
  const isNegative = months < 0 || days < 0 || nanoseconds < 0n
  let text = isNegative ? "-" : ""
  let rest = nanoseconds < 0n ? -nanoseconds : nanoseconds
  const [wholeMonths, wholeDays] = [Math.abs(months), Math.abs(days)]
  if (wholeMonths >= 12) text += `${Math.floor(wholeMonths / 12)}y`
  if (wholeMonths % 12 > 0) text += `${wholeMonths % 12}mo`
  if (wholeDays > 0) text += `${wholeDays}d`
  for (const unit of ["h", "m", "s", "ms", "us", "ns"] as const) {
    const size = units[unit]?.[2] ?? 1n
    if (rest >= size) text += `${rest / size}${unit}`
    rest %= size
  }
  return text
}
