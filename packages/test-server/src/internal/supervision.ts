import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { execPath } from "node:process"
import { fileURLToPath } from "node:url"

/** The signals that a server is tested with. */
export type Signal = "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"

/** Messages to the supervisor. */
export type Order =
  | ({ readonly _tag: "Start"; readonly id: number } & Program)
  | { readonly _tag: "Signal"; readonly id: number; readonly program: number; readonly signal: Signal }
  | { readonly _tag: "RemoveAtEnd"; readonly id: number; readonly directory: string }
  | { readonly _tag: "RunAtEnd"; readonly id: number; readonly command: string; readonly args: ReadonlyArray<string> }

const Report = Schema.Union([
  Schema.TaggedStruct("Ready", {}),
  Schema.TaggedStruct("Noted", { id: Schema.Int }),
  Schema.TaggedStruct("Started", { id: Schema.Int, pid: Schema.Int }),
  Schema.TaggedStruct("Ended", { id: Schema.Int, how: Schema.String })
])

/** Messages of the supervisor. */
export type Report = typeof Report.Type

/** A program that is to run under the supervisor; what it writes is added to the file `log`. */
export interface Program {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  readonly log: string
}

/** A program that runs under the supervisor. */
export interface Supervised {
  readonly pid: number
  /** Waits for the end, and says what ended it. */
  readonly ended: Effect.Effect<string>
  /** Returns when the signal has been sent; with SIGSTOP, when no thread of the program runs any more. */
  readonly signal: (signal: Signal) => Effect.Effect<void>
}

/** The supervisor as this process sees it. */
export interface Supervisor {
  /** Starts a program; fails with what ended it where it did not even begin. */
  readonly start: (program: Program) => Effect.Effect<Supervised, string>
  /** Returns when the removal of the directory is guaranteed. */
  readonly removeAtEnd: (directory: string) => Effect.Effect<void>
  /** Returns when the execution of the program is guaranteed. */
  readonly runAtEnd: (command: string, args: ReadonlyArray<string>) => Effect.Effect<void>
}

/**
 * The path of a module beside this one that is run as a program of its own: TypeScript in the repository, JavaScript
 * once published.
 */
export const programPath = (name: string): string =>
  fileURLToPath(new URL(`./${name}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url))

const decodeReport = Schema.decodeUnknownEffect(Schema.fromJsonString(Report))

/**
 * Starts a supervisor. At the end of the scope it kills and removes everything registered, and the scope waits for that;
 * it does the same when this process dies.
 */
export const make: Effect.Effect<
  Supervisor,
  PlatformError.PlatformError,
  Scope.Scope | ChildProcessSpawner
> = Effect.gen(function*() {
  const orders = yield* Queue.unbounded<Order>()
  const handle = yield* ChildProcess.make(execPath, [programPath("supervisor")], {
    stdin: Stream.fromQueue(orders).pipe(Stream.map((order) => `${JSON.stringify(order)}\n`), Stream.encodeText),
    stderr: "ignore",
    // The supervisor does not need the modules that a test runner preloads into its workers.
    env: { NODE_OPTIONS: undefined },
    extendEnv: true,
    // Longer than all that it does at its end: a supervisor that is killed leaves something behind.
    forceKillAfter: "90 seconds"
  })

  const noted = new Map<number, Deferred.Deferred<void>>()
  const programs = new Map<number, {
    readonly started: Deferred.Deferred<number, string>
    readonly ended: Deferred.Deferred<string>
  }>()
  const ready = yield* Deferred.make<void>()
  const settle = (id: number, how: string) =>
    Effect.suspend(() => {
      const program = programs.get(id)
      programs.delete(id)
      return program === undefined
        ? Effect.void
        : Effect.andThen(Deferred.fail(program.started, how), Deferred.succeed(program.ended, how))
    })
  const hear = (report: Report) =>
    Effect.suspend(() => {
      if (report._tag === "Ready") return Deferred.succeed(ready, undefined)
      if (report._tag === "Noted") {
        const done = noted.get(report.id)
        noted.delete(report.id)
        return done === undefined ? Effect.void : Deferred.succeed(done, undefined)
      }
      if (report._tag === "Ended") return settle(report.id, report.how)
      const program = programs.get(report.id)
      return program === undefined ? Effect.void : Deferred.succeed(program.started, report.pid)
    })
  yield* handle.stdout.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.runForEach((line) => Effect.flatMap(decodeReport(line), hear)),
    Effect.ensuring(
      Effect.suspend(() => Effect.forEach([...programs.keys()], (id) => settle(id, "the end of its supervisor")))
    ),
    Effect.ignore,
    Effect.forkScoped
  )
  const over = Effect.asVoid(Effect.exit(handle.exitCode))
  const lost = Effect.andThen(
    over,
    Effect.die(new Error("the supervisor of the servers was ended by another process"))
  )
  // Until it listens to signals, one would end it with its orders unread.
  yield* Effect.raceFirst(Deferred.await(ready), lost)

  let lastId = 0
  const note = Effect.fnUntraced(function*(order: (id: number) => Order, otherwise: Effect.Effect<void> = lost) {
    const id = ++lastId
    const done = yield* Deferred.make<void>()
    noted.set(id, done)
    yield* Queue.offer(orders, order(id))
    yield* Effect.raceFirst(Deferred.await(done), otherwise)
  })
  return {
    start: Effect.fnUntraced(function*(program) {
      const id = ++lastId
      const started = yield* Deferred.make<number, string>()
      const ended = yield* Deferred.make<string>()
      programs.set(id, { started, ended })
      yield* Queue.offer(orders, { _tag: "Start", id, ...program })
      const pid = yield* Deferred.await(started)
      return {
        pid,
        ended: Deferred.await(ended),
        // A supervisor that ends has killed its programs.
        signal: (signal) => note((order) => ({ _tag: "Signal", id: order, program: id, signal }), over)
      }
    }),
    removeAtEnd: (directory) => note((id) => ({ _tag: "RemoveAtEnd", id, directory })),
    runAtEnd: (command, args) => note((id) => ({ _tag: "RunAtEnd", id, command, args }))
  }
})
