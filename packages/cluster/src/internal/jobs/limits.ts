/**
 * Limits of a job: as they are stored, and the share of a lane.
 */
import { InvalidOptions } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import type { ErrorBudget, Limits } from "../../JobLimits.ts"
import { count } from "../rules.ts"

/** The limits of a job as they are stored; undefined for no bound. */
export interface Bounds {
  readonly concurrency: number | undefined
  readonly rate: number | undefined
}

// One statement in a quarter of an hour, and more than a process can send.
const leastRate = 0.001
const mostRate = 1_000_000_000

/** Throws `InvalidOptions` for a limit that cannot be. */
export const checkLimits = ({ concurrency, rate }: Limits): void => {
  Check.values({ concurrency, rate }, ofLimits)
}

const ofLimits: Check.Rules<Limits> = {
  concurrency: Check.rule(
    `${count.expected}, or "unbounded"`,
    (value) => value === "unbounded" || count.accepts(value)
  ),
  rate: Check.rule(
    `a number from ${leastRate} to ${mostRate}, or "unbounded"`,
    (value) => value === "unbounded" || (typeof value === "number" && value >= leastRate && value <= mostRate)
  )
}

/** Throws `InvalidOptions` for a budget that cannot be. */
export const checkBudget = ({ minimum, rejects, share }: ErrorBudget): void => {
  const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0
  const isGood = share === undefined
    ? isCount(rejects) && minimum === undefined
    : typeof share === "number" && share >= 0 && share <= 1 && isCount(minimum) && rejects === undefined
  if (isGood) return
  throw new InvalidOptions({
    option: "errorBudget",
    value: { rejects, share, minimum },
    expected:
      "{ rejects } with an integer of at least 0, or { share, minimum } with a share from 0 to 1 and such an integer"
  })
}

/** Returns a number of rows that a handler has given. Throws `InvalidOptions` for what is none. */
export const checkedRows = (rows: number): number => Check.value("rows", rows, Check.nonNegativeInteger)

/** The limits after a change. What is not given stays. */
export const changed = (bounds: Bounds, { concurrency, rate }: Limits): Bounds => ({
  concurrency: boundOf(concurrency, bounds.concurrency),
  rate: boundOf(rate, bounds.rate)
})

const boundOf = (given: number | "unbounded" | undefined, former: number | undefined): number | undefined =>
  given === undefined ? former : given === "unbounded" ? undefined : given

/** The part of the limits that a lane may use; undefined for no bound. */
export interface Share extends Bounds {}

/**
 * The share of a lane, by its rank among the lanes that have units left; undefined if it has to wait for its turn.
 *
 * Runners see lanes end at different times. A runner that has not seen it counts more lanes that are left, and gives its own a smaller
 * share: a share never grows with the number of lanes, nor with the rank. So the shares of all runners never exceed the limits.
 */
export const shareOf = ({ concurrency, rate }: Bounds, rank: number, lanes: number): Share | undefined => {
  const atOnce = Math.min(
    lanes,
    concurrency ?? Number.POSITIVE_INFINITY,
    rate === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(rate))
  )
  if (rank >= atOnce) return undefined
  return {
    concurrency: concurrency === undefined ? undefined : Math.ceil((concurrency - rank) / atOnce),
    rate: rate === undefined ? undefined : rate / atOnce
  }
}

/** The share that is within both. */
export const smallerOf = (one: Share | undefined, other: Share | undefined): Share | undefined =>
  one && other && {
    concurrency: least(one.concurrency, other.concurrency),
    rate: least(one.rate, other.rate)
  }

const least = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined ? other : other === undefined ? one : Math.min(one, other)

/** Number of rejects that a budget allows after so many rows. */
export const allowed = (budget: ErrorBudget | undefined, rows: number): number => {
  if (budget === undefined) return Number.POSITIVE_INFINITY
  if (budget.share === undefined) return budget.rejects
  const all = Math.max(rows, budget.minimum)
  // 0.29 * 100 is less than 29, and 29 / 100 is 0.29.
  const least = Math.floor(budget.share * all)
  return (least + 1) / all <= budget.share ? least + 1 : least
}
