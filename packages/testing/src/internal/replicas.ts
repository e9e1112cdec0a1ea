/**
 * Replicas of a session: which of them a request reaches, how long it waits for them, and the writes that each has.
 *
 * Every replica applies the writes in one order and lags behind by some of them at most, so that of several replicas the most
 * advanced has what any of them has.
 */
import type { Consistency, CqlError } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { type Page, type PageState, PageState as makePageState, type Request } from "@effect-cql/core/Port"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type Moment, momentOf } from "./moment.ts"
import type { NodeFault, Replicas as Options } from "./nodes.ts"
import { randomOf } from "./random.ts"
import { defaultLevel, serialLevelOf, timedOut, unavailable } from "./shortages.ts"

type Answer = Effect.Effect<Page, CqlError>

/** Data of a session, in one place. */
export interface Store {
  readonly executeAt: (request: Request, pageState: PageState | undefined, moment: Moment) => Answer
}

interface Entry {
  readonly request: Request
  readonly moment: Moment
  /** Milliseconds since the first request. */
  readonly due: number
}

interface Node {
  readonly index: number
  readonly store: Store
  readonly waiting: Array<Entry>
  applied: number
}

/** Replicas that have to answer. */
const requiredBy = (level: Consistency, count: number): number => {
  switch (level) {
    case "ANY":
    case "ONE":
    case "LOCAL_ONE":
      return 1
    case "TWO":
      return 2
    case "THREE":
      return 3
    case "ALL":
      return count
    default:
      return Math.floor(count / 2) + 1
  }
}

export class Replicas {
  readonly #faults: ReadonlyArray<NodeFault>
  readonly #hintsAfter: number
  readonly #timeouts: { readonly read: number; readonly write: number }
  readonly #random: () => number
  readonly #nodes: ReadonlyArray<Node>
  /** Holds every write at once: decides on conditions, and on what a server refuses. */
  readonly #leader: Store
  #begun: number | undefined

  constructor(options: Options, leader: Store, makeStore: () => Store) {
    this.#faults = options.faults ?? []
    this.#hintsAfter = Check.millis("hintsAfter", options.hintsAfter ?? "10 seconds")
    this.#timeouts = {
      read: Check.millis("readTimeout", options.readTimeout ?? "5 seconds"),
      write: Check.millis("writeTimeout", options.writeTimeout ?? "2 seconds")
    }
    this.#random = randomOf(options.seed ?? 0)
    this.#leader = leader
    this.#nodes = Array.from({ length: options.count ?? 3 }, (_, index) => ({
      index,
      store: makeStore(),
      waiting: [],
      applied: 0
    }))
  }

  readonly execute = (request: Request, pageState: PageState | undefined): Answer =>
    Effect.flatMap(Clock.Clock, (clock) =>
      Effect.flatMap(momentOf(request), (moment) => {
        this.#begun ??= moment.millis
        const begun = this.#begun
        const now = () => clock.currentTimeMillisUnsafe() - begun
        if (request.kind === "write") return this.#write(request, moment, now())
        if (request.kind === "read") return this.#read(request, pageState, now)
        return this.#everywhere(request, pageState, moment)
      }))

  /** A definition: the nodes agree on it before it is answered. */
  #everywhere(request: Request, pageState: PageState | undefined, moment: Moment): Answer {
    return Effect.tap(
      this.#leader.executeAt(request, pageState, moment),
      Effect.forEach(this.#nodes, (node) => this.#applyNow(node, request, moment), { discard: true })
    )
  }

  #write(request: Request, moment: Moment, now: number): Answer {
    // A conditional write is decided before its level counts.
    const required = request.conditional ? this.#required(serialLevelOf(request)) : this.#writtenTo(request)
    const alive = this.#alive(now)
    if (alive.length < required) return unavailable(request, { required, alive: alive.length })
    const delays = new Map(alive.map(({ delay, node }) => [node, delay]))
    const spread = Effect.forEach(this.#nodes, (node) => {
      const delay = delays.get(node)
      if (delay === 0) return this.#applyNow(node, request, moment)
      const due = delay === undefined ? this.#returnOf(node, now) + this.#hintsAfter : now + delay
      node.waiting.push({ request, moment, due })
      return Effect.void
    }, { discard: true })
    return this.#leader.executeAt(request, undefined, moment).pipe(
      Effect.tap(spread),
      Effect.flatMap((page) =>
        Effect.andThen(
          request.conditional
            ? this.#decided(request, alive.map(({ delay }) => delay), page)
            : this.#waitFor(request, alive.map(({ delay }) => delay), required),
          Effect.succeed(page)
        )
      )
    )
  }

  /** Waits for the decision on a conditional write, and then for its commit, which a condition that did not hold has not. */
  #decided(request: Request, delays: ReadonlyArray<number>, page: Page): Effect.Effect<void, CqlError> {
    const serial = this.#required(serialLevelOf(request))
    const decision = this.#waitFor(request, delays, serial)
    const isLate = delays[serial - 1]! > this.#timeouts.write
    if (isLate || page.wasApplied === false) return decision
    const required = this.#writtenTo(request)
    if (delays.length >= required) return this.#waitFor(request, delays, Math.max(serial, required), "SIMPLE")
    const consistency = request.options.consistency ?? defaultLevel
    return Effect.andThen(decision, unavailable(request, { consistency, required, alive: delays.length }))
  }

  #read(request: Request, pageState: PageState | undefined, now: () => number): Answer {
    const level = request.options.consistency ?? defaultLevel
    const required = this.#required(level)
    const begunAt = now()
    const alive = this.#alive(begunAt)
    if (alive.length < required) return unavailable(request, { required, alive: alive.length })
    const contacted = alive.slice(0, required).map(({ node }) => node)
    return Effect.andThen(
      this.#waitFor(request, alive.map(({ delay }) => delay), required),
      Effect.suspend(() => this.#readFrom(contacted, level, request, pageState, now()))
    )
  }

  #readFrom(
    contacted: ReadonlyArray<Node>,
    level: Consistency,
    request: Request,
    pageState: PageState | undefined,
    now: number
  ): Answer {
    return Effect.forEach(contacted, (node) => this.#drain(node, now), { discard: true }).pipe(
      Effect.andThen(Effect.suspend(() => {
        // A page belongs to the node that gave the one before it.
        const [at, rest = pageState] = pageState?.split("@", 2) ?? []
        const node = at === undefined
          ? contacted.reduce((best, each) => each.applied > best.applied ? each : best)
          : this.#nodes[Number(at)]
        const isSerial = level === "SERIAL" || level === "LOCAL_SERIAL"
        const store = isSerial || node === undefined ? this.#leader : node.store
        const index = isSerial || node === undefined ? this.#nodes.length : node.index
        return Effect.flatMap(momentOf(request), (moment) =>
          Effect.map(
            store.executeAt(request, rest === undefined ? undefined : makePageState(rest), moment),
            (page) =>
              page.pageState === undefined
                ? page
                : { ...page, pageState: makePageState(`${index}@${page.pageState}`) }
          ))
      }))
    )
  }

  #required(level: Consistency): number {
    return requiredBy(level, this.#nodes.length)
  }

  /** The replicas that have to acknowledge a write. A hint is enough for ANY. */
  #writtenTo({ options: { consistency = defaultLevel } }: Request): number {
    return consistency === "ANY" ? 0 : this.#required(consistency)
  }

  /** The nodes that are up, with the time that each takes to answer, the fastest first. */
  #alive(now: number): ReadonlyArray<{ readonly node: Node; readonly delay: number }> {
    const up = this.#nodes.flatMap((node) => {
      const own = this.#faults.filter((each) => each.node === node.index && each.from <= now && now < each.to)
      if (own.some(({ by }) => by === undefined)) return []
      const order = this.#random()
      return [{ node, delay: own.reduce((sum, { by = 0 }) => sum + by, 0), order }]
    })
    return up.toSorted((one, other) => one.delay - other.delay || one.order - other.order)
  }

  /** The time at which a node that is down comes back. */
  #returnOf(node: Node, now: number): number {
    let at = now
    for (let previous = -1; previous !== at;) {
      previous = at
      const current = at
      const down = this.#faults.filter((each) =>
        each.node === node.index && each.by === undefined && each.from <= current && current < each.to
      )
      at = Math.max(at, ...down.map(({ to }) => to))
    }
    return at
  }

  /** Waits until enough replicas have answered, or fails as a coordinator does that has waited too long. */
  #waitFor(
    request: Request,
    delays: ReadonlyArray<number>,
    required: number,
    writeType?: string
  ): Effect.Effect<void, CqlError> {
    const longest = required === 0 ? 0 : delays[required - 1] ?? 0
    const limit = request.kind === "read" ? this.#timeouts.read : this.#timeouts.write
    if (longest <= limit) return longest === 0 ? Effect.void : Effect.sleep(longest)
    const received = delays.filter((delay) => delay <= limit).length
    return Effect.andThen(Effect.sleep(limit), timedOut(request, { received, blockFor: required, writeType }))
  }

  /** Applies the writes that have reached a node by now. */
  #drain(node: Node, now: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      const reached = node.waiting.findIndex(({ due }) => due > now)
      const due = node.waiting.splice(0, reached < 0 ? node.waiting.length : reached)
      return Effect.forEach(due, ({ moment, request }) => this.#apply(node, request, moment), { discard: true })
    })
  }

  /** Applies a write at a node that acknowledges it: what waits for that node is older, and comes first. */
  #applyNow(node: Node, request: Request, moment: Moment): Effect.Effect<void> {
    return Effect.andThen(
      this.#drain(node, Number.POSITIVE_INFINITY),
      Effect.suspend(() => this.#apply(node, request, moment))
    )
  }

  #apply(node: Node, request: Request, moment: Moment): Effect.Effect<void> {
    node.applied++
    return Effect.ignore(node.store.executeAt(request, undefined, moment))
  }
}
