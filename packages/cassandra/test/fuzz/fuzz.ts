/** Answers that no server should give, through a real connection, between statements that have to notice nothing. */
import { Session, Statement } from "@effect-cql/core"
import { Effect } from "effect"
import assert from "node:assert/strict"
import { CassandraSession } from "../../src/index.ts"
import { int, opcode } from "../support/frames.ts"
import { cell, rowsBody, rowsHead, scalar } from "../support/resultFrames.ts"
import { type Asked, type Reply, scriptedNode } from "../support/scriptedNode.ts"
import { Dice, hostileCell, kinds, randomType, rightCell } from "./hostile.ts"

/** Counts of the answers in a run. */
export interface Seen {
  readonly hostile: number
  readonly refused: number
  readonly good: number
}

const id = { name: "id", type: scalar("int") }
const at = { name: "at", type: scalar("int") }

/** The answer to a good statement: rows that only it can have. */
const goodReply = (dice: Dice, number: number): Reply => {
  const rows = Array.from({ length: 1 + number % 4 }, (_, index) => [int(number), int(index)])
  const body = rowsBody([id, at], rows)
  return { opcode: opcode.result, body, ...pieces(dice, body.length + 9) }
}

const pieces = (dice: Dice, length: number): { readonly pieces?: ReadonlyArray<number> } =>
  dice.below(3) === 0 ? { pieces: Array.from({ length: 3 }, () => 1 + dice.below(Math.max(1, length >> 2))) } : {}

/** The answer to a hostile statement: good rows before and after a cell that may be anything, or rows that are cut. */
const hostileReply = (dice: Dice, number: number): Reply => {
  const type = randomType(dice, kinds[number % kinds.length])
  const columns = [id, { name: "v", type }, at]
  const count = 1 + dice.below(5)
  const bad = dice.below(count)
  const rows = Array.from({ length: count }, (_, index) => [
    int(number),
    index === bad ? hostileCell(dice, type) : rightCell(dice, type) ?? null,
    int(index)
  ])
  const whole = rowsBody(columns, rows)
  const head = rowsHead(columns)
  const body = dice.below(4) > 0
    ? whole
    : dice.below(2) === 0
    // Fewer bytes than there are rows, and more rows than there are bytes.
    ? whole.subarray(0, head.length + dice.below(whole.length - head.length))
    : Buffer.concat([head, int(dice.one([0x7fffffff, -1, count + 1])), ...rows.flat().map(cell)])
  return { opcode: opcode.result, body, ...pieces(dice, body.length + 9) }
}

/** Runs until so many hostile answers were given. */
export const fuzz = (options: { readonly seed: number; readonly answers: number }): Effect.Effect<Seen, unknown> =>
  Effect.gen(function*() {
    const dice = new Dice(options.seed)
    const node = yield* scriptedNode
    node.reply((request: Asked) => {
      const [kind = "", number = "0"] = request._tag === "Query" ? request.text.split(" ").slice(1) : []
      return kind === "hostile" ? hostileReply(dice, Number(number)) : goodReply(dice, Number(number))
    })
    const session = yield* CassandraSession.make({
      contactPoints: [node.address],
      localDataCenter: "datacenter1",
      requestTimeout: "20 seconds",
      // Few connections and few streams: an answer that leaves something behind meets the next one soon.
      pooling: { connectionsPerHost: 1, maxRequestsPerConnection: 64 },
      closeTimeout: "1 second"
    })
    const opened = node.opened()
    let refused = 0
    let good = 0
    const hostileOne = (number: number) =>
      Effect.exit(Statement.make(`SELECT hostile ${number}`, [], { retry: "none" })).pipe(
        Effect.map((exit) => {
          if (exit._tag === "Success") return
          const reason = exit.cause.reasons[0]
          assert(reason?._tag === "Fail", `seed ${options.seed}, statement ${number}: ${String(exit.cause)}`)
          const { _tag } = reason.error.reason
          assert(_tag === "RowDecoding" || _tag === "UnknownError", `seed ${options.seed}: ${reason.error.message}`)
          refused++
        })
      )
    const goodOne = (number: number) =>
      Effect.map(Statement.make(`SELECT good ${number}`, [], { retry: "none" }), ({ rows }) => {
        const expected = Array.from({ length: 1 + number % 4 }, (_, index) => ({ id: number, at: index }))
        assert.deepEqual(rows, expected, `seed ${options.seed}, statement ${number} has the rows of another`)
        good++
      })
    const numbers = Array.from({ length: options.answers }, (_, number) => number)
    yield* Effect.forEach(
      numbers,
      (number) => Effect.andThen(hostileOne(number), goodOne(number)),
      { concurrency: 40, discard: true }
    ).pipe(Effect.provideService(Session, session))
    // The connection lived through all of it.
    assert.equal(node.opened(), opened, "a connection was lost")
    return { hostile: options.answers, refused, good }
  }).pipe(Effect.scoped)
