/**
 * The prepared statements of a session, and how they are prepared.
 *
 * A session keeps them itself rather than in the driver: see `docs/decisions/cassandra-prepared.md`.
 */
import type { Client } from "cassandra-driver"
import { type Avoided, type DriverHost, enterKeyspace, type Next, NoHost, Plan, profileOf } from "../driver/hosts.ts"
import { after } from "../driver/timer.ts"
import { Flight, type WireConnection } from "../driver/wire.ts"
import {
  type PreparedAnswer,
  type RawAnswer,
  readError,
  readPrepared,
  readResult,
  type SchemaChange
} from "../protocol/answers.ts"
import { opcode, prepareFrame } from "../protocol/frames.ts"
import { PreparedText } from "./prepared.ts"

/** Why a statement could not be prepared: what a server or the driver said, or what became of every node. */
export class NotPrepared {
  readonly error: unknown
  readonly host: string | undefined

  constructor(error: unknown, host?: string) {
    this.error = error
    this.host = host
  }
}

type Ready = (failure: NotPrepared | undefined) => void

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

/** Time in milliseconds after which the next node is asked to prepare a statement as well. */
const patience = 1_000

/** A statement that is being prepared: on the first node that answers. */
class Preparation {
  readonly #owner: PreparedTexts
  readonly #entry: PreparedText
  readonly #waiting: Array<Ready> = []
  #plan: Plan | undefined
  #inFlight = 0
  #stopTimer = (): void => {}
  #isOver = false

  constructor(owner: PreparedTexts, entry: PreparedText) {
    this.#owner = owner
    this.#entry = entry
  }

  wait(ready: Ready): void {
    this.#waiting.push(ready)
  }

  start(): void {
    const { client, overdue } = this.#owner
    const profile = profileOf(client, undefined)
    if (profile === undefined) return this.#end(new NotPrepared(new NoHost(new Map())))
    Plan.make(client, profile, overdue, null, (plan, error) => {
      if (plan === undefined) return this.#end(new NotPrepared(error))
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
    this.#owner.send(this.#entry, next, (answer, error) => {
      this.#inFlight--
      if (answer !== undefined) return this.#prepared(next.host, answer, changes)
      this.#plan!.tried.set(next.host.address, error)
      if (this.#isOver) return
      if (isOfServer(error)) return this.#end(new NotPrepared(error, next.host.address))
      this.#askNext()
    })
  }

  #next(): Next | undefined {
    // Policies are code of the user's as well.
    try {
      return this.#plan!.next()
    } catch (error) {
      this.#end(new NotPrepared(error))
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

  /** So that a statement is executed at once wherever it goes. What fails is prepared when it is executed. */
  #prepareOnOthers(): void {
    if (!this.#owner.preparesOnAllHosts) return
    for (let next = this.#plan!.next(); next !== undefined; next = this.#plan!.next()) {
      const { address } = next.host
      const { changes } = this.#entry
      this.#owner.send(this.#entry, next, (answer) => {
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

const isOfServer = (error: unknown): boolean => error instanceof Error && error.name === "ServerAnswer"

interface ClientOptions {
  readonly keyspace: string | undefined
  readonly options: { readonly maxPrepared?: number | undefined; readonly prepareOnAllHosts?: boolean | undefined }
}

const defaultMaxPrepared = 500

/** The prepared statements of a session. */
export class PreparedTexts {
  readonly client: Client
  readonly overdue: Avoided
  readonly #options: Client & ClientOptions
  readonly #log: (warning: string) => void
  readonly #texts = new Map<string, PreparedText>()
  readonly #preparations = new Map<PreparedText, Preparation>()
  readonly #onHosts = new Map<WireConnection, Map<PreparedText, Array<Ready>>>()
  #keyspace: string | undefined
  #isFull = false

  constructor(client: Client, overdue: Avoided, log: (warning: string) => void) {
    this.client = client
    this.overdue = overdue
    this.#options = client as Client & ClientOptions
    this.#keyspace = this.#options.keyspace
    this.#log = log
  }

  get size(): number {
    return this.#texts.size
  }

  get preparesOnAllHosts(): boolean {
    return this.#options.options.prepareOnAllHosts !== false
  }

  /** A statement of this text. Names of tables are those of the keyspace of the client. */
  get(text: string): PreparedText {
    const { keyspace } = this.#options
    if (keyspace !== this.#keyspace) {
      this.#keyspace = keyspace
      this.forgetAll()
      this.#texts.clear()
    }
    const known = this.#texts.get(text)
    if (known !== undefined) {
      known.isUsed = true
      return known
    }
    this.#makeRoom()
    const made = new PreparedText(text)
    this.#texts.set(text, made)
    return made
  }

  #makeRoom(): void {
    const most = this.#options.options.maxPrepared ?? defaultMaxPrepared
    if (this.#texts.size < most) return
    if (!this.#isFull) {
      this.#isFull = true
      this.#log(
        `more than ${most} texts were prepared, and the least used are dropped: bind values with markers instead of writing them into texts, or raise clientOptions.maxPrepared`
      )
    }
    // Each text gets a second chance if it was used since the last round.
    let seen = 0
    for (const [text, entry] of this.#texts) {
      this.#texts.delete(text)
      if (!entry.isUsed || ++seen > most) return
      entry.isUsed = false
      this.#texts.set(text, entry)
    }
  }

  /** Prepares a statement on the first node that answers. Requests of one text wait for one preparation. */
  prepare(entry: PreparedText, ready: Ready): void {
    const under = this.#preparations.get(entry)
    if (under !== undefined) return under.wait(ready)
    this.restart(entry, [ready])
  }

  restart(entry: PreparedText, waiting: ReadonlyArray<Ready>): void {
    const preparation = new Preparation(this, entry)
    for (const ready of waiting) preparation.wait(ready)
    this.#preparations.set(entry, preparation)
    preparation.start()
  }

  ended(entry: PreparedText, failure: NotPrepared | undefined): void {
    this.#preparations.delete(entry)
    // A statement that cannot be prepared takes no room in the cache.
    if (failure !== undefined && this.#texts.get(entry.text) === entry) this.#texts.delete(entry.text)
  }

  /** Prepares a statement on the node that does not know it any more. Requests on the same connection wait for one PREPARE. */
  prepareOn(next: Next, entry: PreparedText, ready: Ready): void {
    const byText = this.#onHosts.get(next.connection) ?? new Map<PreparedText, Array<Ready>>()
    const waiting = byText.get(entry)
    if (waiting !== undefined) return void waiting.push(ready)
    const all = [ready]
    byText.set(entry, all)
    this.#onHosts.set(next.connection, byText)
    this.send(entry, next, (answer, error) => {
      byText.delete(entry)
      if (byText.size === 0) this.#onHosts.delete(next.connection)
      if (answer !== undefined) entry.learn(next.host.address, answer)
      else if (isOfServer(error)) entry.forget()
      const failure = answer === undefined ? new NotPrepared(error, next.host.address) : undefined
      for (const each of all) each(failure)
    })
  }

  send(
    { text }: PreparedText,
    { connection, host }: Next,
    done: (answer: PreparedAnswer | undefined, error?: unknown) => void
  ): void {
    enterKeyspace(this.client, connection, (error) => {
      if (error !== undefined) return done(undefined, error)
      new PrepareFlight(text, host.address, done).sendOn(connection)
    })
  }

  /** Forgets the statements on what has changed: see `docs/guides/values.md`. */
  forget({ keyspace, table }: SchemaChange): void {
    for (const entry of this.#known()) {
      const own = entry.current?.table
      // A statement that is being prepared may be on it, and so may one whose table is not known.
      if (own === undefined || (own.keyspace === keyspace && (table === undefined || own.table === table))) {
        entry.forget()
      }
    }
  }

  forgetAll(): void {
    for (const entry of this.#known()) entry.forget()
  }

  // One that was dropped to make room may still be under way.
  #known(): ReadonlySet<PreparedText> {
    return new Set([...this.#texts.values(), ...this.#preparations.keys()])
  }
}
