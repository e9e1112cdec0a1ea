/**
 * The preparation of one statement: on the first node that answers, and then on the others.
 */
import type { Client } from "cassandra-driver"
import { type Avoided, type DriverHost, enterKeyspace, type Next, NoHost, Plan } from "../driver/hosts.ts"
import { after } from "../driver/timer.ts"
import { Flight } from "../driver/wire.ts"
import { type PreparedAnswer, type RawAnswer, readError, readPrepared, readResult } from "../protocol/answers.ts"
import { opcode, prepareFrame, TooLarge } from "../protocol/frames.ts"
import type { Where } from "./attemptContext.ts"
import type { PreparedText } from "./prepared.ts"

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

/** Called when a statement is prepared, or cannot be. */
export type Ready = (failure: NotPrepared | undefined) => void

/** Prepares several statements. Goes on once all are done, with the first failure if there was one. */
export const prepareAll = (
  texts: ReadonlySet<PreparedText>,
  prepare: (text: PreparedText, ready: Ready) => void,
  goOn: Ready
): void => {
  let waiting = texts.size
  let failure: NotPrepared | undefined
  for (const text of texts) {
    prepare(text, (failed) => {
      failure ??= failed
      if (--waiting === 0) goOn(failure)
    })
  }
}

/** A PREPARE on a connection. */
class PrepareFlight extends Flight {
  readonly #text: string
  readonly #address: string
  readonly #done: (answer: PreparedAnswer | undefined, error?: unknown) => void

  constructor(text: string, address: string, done: (answer: PreparedAnswer | undefined, error?: unknown) => void) {
    super()
    this.#text = text
    this.#address = address
    this.#done = done
  }

  protected frame(version: number, stream: number): Buffer {
    return prepareFrame({ version, stream }, this.#text)
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
    this.#done(prepared, error)
  }

  failed(error: unknown): void {
    this.#done(undefined, error)
  }
}

/** Prepares a statement on one connection. */
export const sendPrepare = (
  client: Client,
  { text }: PreparedText,
  { connection, host }: Next,
  done: (answer: PreparedAnswer | undefined, error?: unknown) => void
): void =>
  enterKeyspace(client, connection, (error) => {
    if (error !== undefined) return done(undefined, error)
    new PrepareFlight(text, host.address, done).sendOn(connection)
  })

/** The cache that a preparation belongs to. */
interface Owner {
  readonly client: Client
  readonly overdue: Avoided
  readonly preparesOnAllHosts: boolean
  /** Begins again, after a change of the table. */
  readonly restart: (entry: PreparedText, waiting: ReadonlyArray<Ready>) => void
  readonly ended: (entry: PreparedText, failure: NotPrepared | undefined) => void
}

/** Time in milliseconds after which the next node is asked to prepare a statement as well. */
const patience = 1_000

/** A statement that is being prepared: on the first node that answers. */
export class Preparation {
  readonly #owner: Owner
  readonly #entry: PreparedText
  readonly #waiting: Array<Ready> = []
  #plan: Plan | undefined
  #inFlight = 0
  #stopTimer = (): void => {}
  #isOver = false

  constructor(owner: Owner, entry: PreparedText) {
    this.#owner = owner
    this.#entry = entry
  }

  wait(ready: Ready): void {
    this.#waiting.push(ready)
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
    this.#stopTimer()
    const next = this.#next()
    if (next === undefined) {
      if (this.#inFlight === 0) this.#end(new NotPrepared(new NoHost(this.#plan!.tried)))
      return
    }
    this.#inFlight++
    // A node that hangs is found by time alone. The others need not wait for that.
    this.#stopTimer = after(patience, () => this.#askNext())
    const { changes } = this.#entry
    sendPrepare(this.#owner.client, this.#entry, next, (answer, error) => {
      this.#inFlight--
      if (answer !== undefined) return this.#prepared(next.host, answer, changes)
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

  #prepared(host: DriverHost, answer: PreparedAnswer, changes: number): void {
    const isCurrent = changes === this.#entry.changes
    if (this.#isOver) {
      if (isCurrent && this.#entry.current !== undefined) this.#entry.learn(host.address, answer)
      return
    }
    if (isCurrent) {
      this.#entry.learn(host.address, answer)
      this.#end(undefined)
      return this.#prepareOnOthers()
    }
    // The table changed meanwhile, and the answer may be from before that.
    this.#isOver = true
    this.#stopTimer()
    this.#owner.restart(this.#entry, this.#waiting)
  }

  /** Prepares on the other nodes in advance. If that fails, they are asked when the statement is executed there. */
  #prepareOnOthers(): void {
    if (!this.#owner.preparesOnAllHosts) return
    const plan = this.#plan!
    for (let next = plan.nextOfExtra(); next !== undefined; next = plan.nextOfExtra()) {
      const { address } = next.host
      const { changes } = this.#entry
      sendPrepare(this.#owner.client, this.#entry, next, (answer) => {
        if (answer === undefined || changes !== this.#entry.changes || this.#entry.current === undefined) return
        this.#entry.learn(address, answer)
      })
    }
  }

  #end(failure: NotPrepared | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopTimer()
    this.#owner.ended(this.#entry, failure)
    for (const ready of this.#waiting) ready(failure)
  }
}

/** Returns true if a server refused to prepare a statement. */
export const isOfServer = (error: unknown): boolean => error instanceof Error && error.name === "ServerAnswer"
