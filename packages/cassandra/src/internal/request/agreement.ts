/**
 * Agreement of the nodes on the schema.
 */
import type { Next } from "../driver/hosts.ts"
import { after } from "../driver/timer.ts"
import { Flight } from "../driver/wire.ts"
import { type RawAnswer, readResult, resultKind } from "../protocol/answers.ts"
import { opcode, queryFrame, type QueryParameters } from "../protocol/frames.ts"
import { readRows } from "../protocol/rows.ts"

const parameters: QueryParameters = {
  consistency: 0x01,
  serialConsistency: undefined,
  pageSize: undefined,
  pageState: undefined,
  timestamp: undefined,
  tracing: false,
  payload: undefined
}

type Rows = ReadonlyArray<Readonly<Record<string, unknown>>>

/** A query of the adapter's own. Gives its rows, or nothing if it cannot. */
class VersionsFlight extends Flight {
  readonly #text: string
  readonly #done: (rows: Rows | undefined) => void

  constructor(text: string, done: (rows: Rows | undefined) => void) {
    super()
    this.#text = text
    this.#done = done
  }

  protected frame(version: number, stream: number): Buffer {
    return queryFrame({ version, stream }, this.#text, parameters)
  }

  getReadTimeout(): undefined {}

  answered(answer: RawAnswer): void {
    let rows: Rows | undefined
    // An error here would end the connection, and with it the requests of others.
    try {
      const result = answer.opcode === opcode.error ? undefined : readResult(answer)
      if (result?.kind === resultKind.rows) rows = readRows(result.reader, undefined).rows
    } catch {
      rows = undefined
    }
    this.#done(rows)
  }

  failed(): void {
    this.#done(undefined)
  }
}

const ownVersion = "SELECT schema_version FROM system.local WHERE key = 'local'"
const versionsOfPeers = "SELECT schema_version, host_id FROM system.peers"

/** Returns true if a node is known to be down, by its `host_id`. */
export type IsDown = (hostId: string) => boolean

/** Returns true if a node sees one version of the schema on all nodes that are not down. */
const agree = (next: Next, isDown: IsDown, done: (isAgreed: boolean) => void): void => {
  new VersionsFlight(
    ownVersion,
    (own) =>
      own === undefined ? done(false) : new VersionsFlight(versionsOfPeers, (peers) => {
        if (peers === undefined) return done(false)
        // The table keeps the version that a node had when it went down.
        const live = peers.filter((row) => !isDown(String(row["host_id"])))
        const versions = new Set([...own, ...live].map((row) => row["schema_version"]))
        versions.delete(null)
        done(versions.size <= 1)
      }).sendOn(next.connection)
  ).sendOn(next.connection)
}

const pause = 100

/** Asks until the nodes agree or the time is over. `done` is called once. */
export const awaitAgreement = (
  next: Next,
  isDown: IsDown,
  milliseconds: number,
  done: (isAgreed: boolean) => void
): () => void => {
  let isOver = false
  let stopAsking = (): void => {}
  const end = (isAgreed: boolean): void => {
    if (isOver) return
    isOver = true
    stopAsking()
    stopWaiting()
    done(isAgreed)
  }
  const stopWaiting = after(milliseconds, () => end(false))
  const ask = (): void => {
    agree(next, isDown, (isAgreed) => {
      if (isAgreed) return end(true)
      if (!isOver) stopAsking = after(pause, ask)
    })
  }
  ask()
  return () => end(false)
}
