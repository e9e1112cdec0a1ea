/**
 * The prepared statements of a session.
 *
 * A session keeps them itself rather than in the driver: see `docs/decisions/cassandra-prepared.md`.
 */
import type { Client } from "cassandra-driver"
import { maxPreparedOf, preparesOnAllHosts } from "../driver/client.ts"
import type { Avoided, Next } from "../driver/hosts.ts"
import { afterReading } from "../driver/timer.ts"
import type { WireConnection } from "../driver/wire.ts"
import type { SchemaChange } from "../protocol/answers.ts"
import { isOfServer, NotPrepared, patience, Preparation, sendPrepare, type Waiting } from "./preparation.ts"
import { PreparedText } from "./prepared.ts"
import { SchemaChanges } from "./schemaChanges.ts"

const defaultMaxPrepared = 500

/** The prepared statements of a session. */
export class PreparedTexts {
  readonly client: Client
  readonly overdue: Avoided
  readonly #log: (warning: string) => void
  readonly #texts = new Map<string, PreparedText>()
  readonly #preparations = new Map<PreparedText, Preparation>()
  readonly #onHosts = new WeakMap<WireConnection, Map<PreparedText, Array<Waiting>>>()
  readonly #schema = new SchemaChanges()
  #keyspace: string | undefined
  #isFull = false

  constructor(client: Client, overdue: Avoided, log: (warning: string) => void) {
    this.client = client
    this.overdue = overdue
    this.#keyspace = client.keyspace
    this.#log = log
  }

  get size(): number {
    return this.#texts.size
  }

  get preparesOnAllHosts(): boolean {
    return preparesOnAllHosts(this.client)
  }

  /** A statement of this text. Names of tables are those of the keyspace of the client. */
  get(text: string): PreparedText {
    const { keyspace } = this.client
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
    const made = new PreparedText(text, this.#schema)
    this.#texts.set(text, made)
    return made
  }

  #makeRoom(): void {
    const most = maxPreparedOf(this.client) ?? defaultMaxPrepared
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
  prepare(entry: PreparedText, waiting: Waiting): void {
    const under = this.#preparations.get(entry)
    if (under !== undefined) return under.wait(waiting)
    this.restart(entry, [waiting], 1)
  }

  restart(entry: PreparedText, waiting: ReadonlyArray<Waiting>, round: number): void {
    const preparation = new Preparation(this, entry, round)
    for (const each of waiting) preparation.wait(each)
    this.#preparations.set(entry, preparation)
    preparation.start()
  }

  ended(entry: PreparedText, failure: NotPrepared | undefined): void {
    this.#preparations.delete(entry)
    // A statement that cannot be prepared takes no room in the cache.
    if (failure !== undefined && this.#texts.get(entry.text) === entry) this.#texts.delete(entry.text)
  }

  /** Prepares a statement on the node that does not know it any more. Requests on the same connection wait for one PREPARE. */
  prepareOn(next: Next, entry: PreparedText, waiting: Waiting): void {
    const byText = this.#onHosts.get(next.connection) ?? new Map<PreparedText, Array<Waiting>>()
    const known = byText.get(entry)
    if (known !== undefined) return void known.push(waiting)
    const all = [waiting]
    byText.set(entry, all)
    this.#onHosts.set(next.connection, byText)
    const leave = (): void => {
      if (byText.get(entry) === all) byText.delete(entry)
    }
    // The answer may be lost: requests that come later ask for one of their own.
    const stopTimer = afterReading(patience, () => {
      this.overdue.mark(next)
      leave()
    })
    sendPrepare(this.client, entry, next, (answer, holds, error) => {
      stopTimer()
      leave()
      // Otherwise the table changed meanwhile, and the answer may be from before that: the requests prepare it again.
      if (answer !== undefined && holds) entry.learn(next.host.address, answer)
      if (answer === undefined && isOfServer(error)) entry.forget()
      const failure = answer === undefined ? new NotPrepared(error, next.host.address) : undefined
      for (const { ready } of all) ready(failure)
    })
  }

  /** Forgets the statements on what has changed: see `docs/guides/values.md`. */
  forget(change: SchemaChange): void {
    this.#schema.add(change)
  }

  forgetAll(): void {
    this.#schema.addAny()
  }
}
