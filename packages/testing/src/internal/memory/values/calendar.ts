/**
 * Dates and times of CQL as texts.
 */

const dateText = /^(?:(-?)(\d{4})|([+-])(\d{5,7}))-(\d\d)-(\d\d)$/

/** The days since 1970-01-01 of a date; `undefined` when the text is none, or out of range. */
export const toDays = (date: string): number | undefined => {
  const match = dateText.exec(date)
  if (match === null) return undefined
  const year = Number(`${match[1] ?? match[3]}${match[2] ?? match[4]}`)
  const [month, day] = [Number(match[5]), Number(match[6])]
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
  /^([+-]?\d{4,6}-\d\d-)(\d\d)(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{2})(?:\.(\d{0,9}))?)?)?(?:\s*(Z|[+-]\d{2}(?::?\d{2})?)|\s+(?:UTC|GMT))?$/

/** The milliseconds since the epoch of a timestamp; without a zone it is one of UTC. */
export const toMillis = (text: string): number | undefined => {
  if (/^-?\d+$/.test(text)) return Number(text)
  const [matched, month = "", day = "", hours = "0", minutes = "0", seconds = "0", fraction = "", zone = "Z"] =
    timestampText.exec(text) ?? []
  // The 29th to 31st of a month that is shorter is its last day.
  const days = [day, "30", "29", "28"].filter((each) => each <= day && (each === day || day <= "31")).map((each) =>
    toDays(month + each)
  ).find((each) => each !== undefined)
  if (matched === undefined || days === undefined) return undefined
  const clock = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  if (Number(minutes) > 59 || Number(seconds) > 59 || clock > 86_400) return undefined
  const millis = Number(fraction.slice(0, 3).padEnd(3, "0"))
  const sign = zone.startsWith("-") ? -1 : 1
  const digits = /^[+-]/.test(zone) ? zone.slice(1).replace(":", "").padEnd(4, "0") : "0000"
  const offset = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  return offset > 18 * 60 ? undefined : days * 86_400_000 + (clock - sign * offset * 60) * 1_000 + millis
}

/** The nanoseconds of the day of a time `HH:MM:SS[.fffffffff]`. */
export const toNanos = (text: string): bigint | undefined => {
  if (/^(?:\d+|-0+)$/.test(text)) return BigInt(text)
  const match = /^\s*(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?\s*$/.exec(text)
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

type Unit = readonly [name: string, months: bigint, days: bigint, nanoseconds: bigint]

// In the order in which a duration names them.
const units: Readonly<Record<string, Unit>> = {
  y: ["years", 12n, 0n, 0n],
  mo: ["months", 1n, 0n, 0n],
  w: ["weeks", 0n, 7n, 0n],
  d: ["days", 0n, 1n, 0n],
  h: ["hours", 0n, 0n, 3_600_000_000_000n],
  m: ["minutes", 0n, 0n, 60_000_000_000n],
  s: ["seconds", 0n, 0n, 1_000_000_000n],
  ms: ["milliseconds", 0n, 0n, 1_000_000n],
  us: ["microseconds", 0n, 0n, 1_000n],
  ns: ["nanoseconds", 0n, 0n, 1n]
}
const order = Object.keys(units)

/** The numbers and units of a text: `1y2mo`, `P1Y2M`, `P2W` or `P0001-02-00T00:00:00`. */
const piecesOf = (body: string): ReadonlyArray<readonly [digits: string, unit: string]> => {
  const dated = /^P(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)$/.exec(body)
  if (dated !== null) {
    return dated.slice(1).map((digits, index) => [digits, ["y", "mo", "d", "h", "m", "s"][index] ?? ""])
  }
  const time = body.startsWith("P") ? body.indexOf("T") : 0
  return Array.from(body.matchAll(/(\d+)(mo|ms|us|µs|ns|[ywdhms])/gi), ({ 1: digits = "", 2: unit = "", index }) => {
    const lower = unit.toLowerCase().replace("µ", "u")
    return [digits, lower === "m" && body.startsWith("P") && (time < 0 || index < time) ? "mo" : lower]
  })
}

const greatest = { months: 2n ** 31n - 1n, days: 2n ** 31n - 1n, nanoseconds: 2n ** 63n - 1n }

/** A duration of the grammar, such as `1y2mo3d4h` or `P1Y2M3DT4H`, or why it is none. */
export const toDuration = (text: string): DurationValue | string => {
  const isNegative = text.startsWith("-")
  const total = { months: 0n, days: 0n, nanoseconds: 0n }
  let last = -1
  for (const [digits, unit] of piecesOf(isNegative ? text.slice(1) : text)) {
    const place = order.indexOf(unit)
    const [name, months, days, nanoseconds] = units[unit] ?? ["", 0n, 0n, 0n]
    if (place === last) return `Invalid duration. The ${name} are specified multiple times`
    if (place < last) return `Invalid duration. The ${units[order[last] ?? ""]?.[0]} should be after ${name}`
    last = place
    total.months += BigInt(digits) * months
    total.days += BigInt(digits) * days
    total.nanoseconds += BigInt(digits) * nanoseconds
  }
  for (const part of ["months", "days", "nanoseconds"] as const) {
    if (total[part] > greatest[part]) {
      return `Invalid duration. The total number of ${part} must be less or equal to 2147483647`
    }
  }
  const signed = (value: bigint) => isNegative ? -value : value
  return {
    months: Number(signed(total.months)),
    days: Number(signed(total.days)),
    nanoseconds: signed(total.nanoseconds)
  }
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
    const size = units[unit]?.[3] ?? 1n
    if (rest >= size) text += `${rest / size}${unit}`
    rest %= size
  }
  return text
}
