/**
 * The preparation of one statement: on the first node that answers, and then on the others.
 */
import type { Client } from "cassandra-driver"
import { type Avoided, type DriverHost, enterKeyspace, type Next, NoHost, Plan } from "../driver/hosts.ts"
import { afterReading } from "../driver/timer.ts"
import { Flight } from "../driver/wire.ts"
import { type PreparedAnswer, type RawAnswer, readError, readPrepared, readResult } from "../protocol/answers.ts"
import { opcode, prepareFrame, TooLarge } from "../protocol/frames.ts"
import type { Where } from "./attemptContext.ts"
import type { Asked, PreparedText } from "./prepared.ts"

/** The reason why a statement could not be prepared: the error of a server or of the driver, or of every node. */
export class NotPrepared {
  readonly error: unknown
  readonly host: string | undefined
  /** `"plan"` if no node was chosen. */
  readonly phase: "plan" | "prepare"

  constructor(error: unknown, host?: string, phase: NotPrepared["phase"] = "prepare") {
    this.error = error
    this.host = host
    this.phase = phase
  }

  /** Where a request was that waited for the preparation. */
  get where(): Where {
    return { phase: this.phase, host: this.host, isWritten: false }
  }
}

/** The table of a statement changed during each of its preparations. It was not executed. */
export class StillChanging extends Error {
  override readonly name = "StillChanging"

  constructor() {
    super(`the table of the statement changed during each of ${mostRounds} preparations in a row`)
  }
}

/** Preparations of a statement in a row, each after a change of its table during the one before. */
export const mostRounds = 3

/** A request that waits for a preparation. */
export interface Waiting {
  /** Called when the statement is prepared, or cannot be. */
  readonly ready: (failure: NotPrepared | undefined) => void
  /** Returns false once the request was given up. */
  readonly isAwaited: () => boolean
}

/** Prepares several statements for a request. It goes on once all are done, with the first failure if there was one. */
export const prepareAll = (
  texts: ReadonlySet<PreparedText>,
  prepare: (text: PreparedText, waiting: Waiting) => void,
  { isAwaited, ready }: Waiting
): void => {
  let left = texts.size
  let failure: NotPrepared | undefined
  for (const text of texts) {
    prepare(text, {
      isAwaited,
      ready: (failed) => {
        failure ??= failed
        if (--left === 0) ready(failure)
      }
    })
  }
}

/** Called with the answer to a PREPARE, or with an error. `holds` is false if the answer may be from before a change of the table. */
type Done = (answer: PreparedAnswer | undefined, holds: boolean, error?: unknown) => void

/** A PREPARE on a connection. */
class PrepareFlight extends Flight {
  readonly #entry: PreparedText
  readonly #address: string
  readonly #done: Done
  #asked: Asked | undefined

  constructor(entry: PreparedText, address: string, done: Done) {
    super()
    this.#entry = entry
    this.#address = address
    this.#done = done
  }

  protected frame(version: number, stream: number): Buffer {
    this.#asked = this.#entry.asked()
    return prepareFrame({ version, stream }, this.#entry.text)
  }

  // That of the client.
  getReadTimeout(): undefined {}

  answered(answer: RawAnswer): void {
    let prepared: PreparedAnswer | undefined
    let error: unknown
    // The answer may be anything. An error here would end the connection, and with it the requests of others.
    try {
      if (answer.opcode === opcode.error) error = readError(answer, this.#address)
      else prepared = readPrepared(readResult(answer))
    } catch (malformed) {
      error = malformed
    }
    const holds = prepared !== undefined && this.#asked !== undefined && this.#entry.holds(prepared, this.#asked)
    this.#done(prepared, holds, error)
  }

  failed(error: unknown): void {
    this.#done(undefined, false, error)
  }
}

/** Prepares a statement on one connection. */
export const sendPrepare = (
  client: Client,
  entry: PreparedText,
  { connection, host }: Next,
  done: Done
): void =>
  enterKeyspace(client, connection, (error) => {
    if (error !== undefined) return done(undefined, false, error)
    new PrepareFlight(entry, host.address, done).sendOn(connection)
  })

/** The cache that a preparation belongs to. */
interface Owner {
  readonly client: Client
  readonly overdue: Avoided
  readonly preparesOnAllHosts: boolean
  /** Begins again, after a change of the table. */
  readonly restart: (entry: PreparedText, waiting: ReadonlyArray<Waiting>, round: number) => void
  readonly ended: (entry: PreparedText, failure: NotPrepared | undefined) => void
}

/** Time in milliseconds after which the next node is asked to prepare a statement as well. */
export const patience = 1_000

/** Time in milliseconds before a node is asked again when no other is left. A node that lives has answered a heartbeat by then. */
const firstPause = 250

/** A statement that is being prepared: on the first node that answers. */
export class Preparation {
  readonly #owner: Owner
  readonly #entry: PreparedText
  readonly #round: number
  readonly #waiting: Array<Waiting> = []
  #plan: Plan | undefined
  #inFlight = 0
  #pause = firstPause
  #stopTimer = (): void => {}
  #isOver = false

  constructor(owner: Owner, entry: PreparedText, round: number) {
    this.#owner = owner
    this.#entry = entry
    this.#round = round
  }

  wait(waiting: Waiting): void {
    this.#waiting.push(waiting)
  }

  get #isAwaited(): boolean {
    return this.#waiting.some(({ isAwaited }) => isAwaited())
  }

  start(): void {
    const { client, overdue } = this.#owner
    Plan.makeOfAdapter(client, overdue, (plan, error) => {
      if (plan === undefined) return this.#end(new NotPrepared(error, undefined, "plan"))
      this.#plan = plan
      this.#askNext()
    })
  }

  #askNext(): void {
    // The requests may have been given up meanwhile. A later one begins anew.
    if (!this.#isAwaited) return this.#endUnanswered()
    const next = this.#next()
    if (next !== undefined) this.#ask(next)
    else if (this.#inFlight === 0) this.#endUnanswered()
    else this.#askLater()
  }

  /** Asks again after a pause, which grows. A single answer may be lost, and all later requests would wait for it. */
  #askLater(): void {
    this.#later(this.#pause, () => this.#askAgain())
    this.#pause *= 2
  }

  #askAgain(): void {
    if (!this.#isAwaited) return this.#endUnanswered()
    const { client, overdue } = this.#owner
    Plan.makeOfAdapter(client, overdue, (plan) => {
      if (this.#isOver) return
      const next = plan?.nextOfExtra()
      // A node that reads again answers what it was asked before.
      if (plan === undefined || next === undefined || overdue.isSilent(next.host)) return this.#askLater()
      for (const [address, error] of this.#plan!.tried) plan.tried.set(address, error)
      this.#plan = plan
      this.#ask(next)
    })
  }

  #later(milliseconds: number, run: () => void): void {
    this.#stopTimer()
    this.#stopTimer = afterReading(milliseconds, run)
  }

  #ask(next: Next): void {
    this.#inFlight++
    // A node that hangs is found by time alone. The others need not wait for that, and later requests try them first.
    this.#later(patience, () => {
      this.#owner.overdue.mark(next)
      this.#askNext()
    })
    sendPrepare(this.#owner.client, this.#entry, next, (answer, holds, error) => {
      this.#inFlight--
      if (answer !== undefined) return this.#prepared(next.host, answer, holds)
      this.#plan!.tried.set(next.host.address, error)
      if (this.#isOver) return
      if (isOfServer(error) || error instanceof TooLarge) return this.#end(new NotPrepared(error, next.host.address))
      this.#askNext()
    })
  }

  #next(): Next | undefined {
    // Policies are code of the user's as well.
    try {
      return this.#plan!.next()
    } catch (error) {
      this.#end(new NotPrepared(error, undefined, "plan"))
      return undefined
    }
  }

  #prepared(host: DriverHost, answer: PreparedAnswer, holds: boolean): void {
    if (this.#isOver) {
      if (holds && this.#entry.current !== undefined) this.#entry.learn(host.address, answer)
      return
    }
    if (holds) {
      this.#entry.learn(host.address, answer)
      this.#end(undefined)
      return this.#prepareOnOthers()
    }
    if (!this.#isAwaited) return this.#endUnanswered()
    // Values that are encoded by such an answer may be stored as other types.
    if (this.#round >= mostRounds) return this.#end(new NotPrepared(new StillChanging(), host.address))
    this.#isOver = true
    this.#stopTimer()
    this.#owner.restart(this.#entry, this.#waiting, this.#round + 1)
  }

  /** Prepares on the other nodes in advance. If that fails, they are asked when the statement is executed there. */
  #prepareOnOthers(): void {
    if (!this.#owner.preparesOnAllHosts) return
    const plan = this.#plan!
    for (let next = plan.nextOfExtra(); next !== undefined; next = plan.nextOfExtra()) {
      const { address } = next.host
      sendPrepare(this.#owner.client, this.#entry, next, (answer, holds) => {
        if (answer !== undefined && holds && this.#entry.current !== undefined) this.#entry.learn(address, answer)
      })
    }
  }

  #end(failure: NotPrepared | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopTimer()
    this.#owner.ended(this.#entry, failure)
    for (const { ready } of this.#waiting) ready(failure)
  }

  #endUnanswered(): void {
    this.#end(new NotPrepared(new NoHost(this.#plan!.tried)))
  }
}

/** Returns true if a server refused to prepare a statement. */
export const isOfServer = (error: unknown): boolean => error instanceof Error && error.name === "ServerAnswer"
