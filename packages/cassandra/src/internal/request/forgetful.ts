/**
 * The nodes of a request that do not know its statements any more.
 */
import type { ServerAnswer } from "../protocol/answers.ts"
import type { PreparedText } from "./prepared.ts"

/**
 * New preparations of a text for one request at one node.
 *
 * One is enough for a node that restarted, or whose table changed. A node whose cache is full may refuse a newcomer: Cassandra
 * keeps what was asked for most often (W-TinyLFU), and counts each preparation and each execution. So a text that is prepared
 * again gets in after a few times. The bound ends a request at a node that forgets each time.
 */
export const mostPreparations = 8

/** Counts the new preparations of one request. */
export class Forgetful {
  readonly #nodes = new Map<string, Map<PreparedText | undefined, number>>()

  /**
   * The texts to prepare again at a node that has answered UNPREPARED; none if it has forgotten one too often. At first these
   * are all: a node that has forgotten one has often forgotten the others of the batch as well.
   */
  toPrepare({ queryId }: ServerAnswer, address: string, texts: ReadonlySet<PreparedText>): ReadonlySet<PreparedText> {
    const times = this.#nodes.get(address)
    let forgotten: PreparedText | undefined
    for (const text of texts) if (queryId !== undefined && text.isKnownAs(queryId, address)) forgotten = text
    const before = times?.get(forgotten) ?? 0
    if (before >= mostPreparations) return none
    if (times === undefined) this.#nodes.set(address, new Map([[forgotten, 1]]))
    else times.set(forgotten, before + 1)
    return times === undefined || forgotten === undefined ? texts : new Set([forgotten])
  }
}

const none: ReadonlySet<PreparedText> = new Set()
