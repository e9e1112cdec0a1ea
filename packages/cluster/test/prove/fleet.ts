/** The processes of the proof, and the faults that are done to them. */
import { freePort } from "@effect-cql/test-support/ports"
import { Effect, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import type { Report, Settings } from "./copy.ts"

/** A process that runs, or ran. */
export interface Member {
  /** Number of its place: a process that is started in the place of a dead one has its address. */
  readonly place: number
  readonly child: ChildProcess
  /** Units that it works on. */
  readonly units: Set<string>
  state: "running" | "frozen" | "over"
}

export interface Fleet {
  /** The address of each place. */
  readonly addresses: ReadonlyArray<string>
  /** The process of each place. */
  readonly members: ReadonlyArray<Member>
  readonly start: (place: number) => Effect.Effect<void>
  /** Sends a signal, and waits until the process has ended. */
  readonly end: (member: Member, signal: "SIGKILL" | "SIGTERM") => Effect.Effect<void>
  readonly freeze: (member: Member) => Effect.Effect<void>
  readonly thaw: (member: Member) => Effect.Effect<void>
  /** The end of the error output of processes that ended by themselves. */
  readonly crashes: ReadonlyArray<string>
}

/** Starts processes, which are killed at the end of the scope. */
export const make = (
  settings: Omit<Settings, "port" | "ahead">,
  clocks: ReadonlyArray<number>,
  onReport: (report: Report, member: Member) => void
): Effect.Effect<Fleet, never, Scope.Scope> =>
  Effect.gen(function*() {
    const ports = yield* Effect.forEach(clocks, () => freePort)
    const members: Array<Member> = []
    const crashes: Array<string> = []
    const asked = new Set<ChildProcess>()

    const start = (place: number): Effect.Effect<void> =>
      Effect.sync(() => {
        const child = spawn(process.execPath, [join(import.meta.dirname, "process.ts")], {
          env: {
            ...process.env,
            PROVE_PROCESS: JSON.stringify({ ...settings, port: ports[place] ?? 0, ahead: clocks[place] ?? 0 })
          },
          stdio: ["ignore", "pipe", "pipe"]
        })
        const member: Member = { place, child, units: new Set(), state: "running" }
        members[place] = member
        let errors = ""
        child.stderr.on("data", (chunk) => {
          errors = (errors + chunk).slice(-2_000)
        })
        createInterface({ input: child.stdout }).on("line", (line) => {
          const report = reportOf(line)
          if (report === undefined) {
            errors = `${errors}${line}\n`.slice(-2_000)
            return
          }
          if (report._tag === "began") member.units.add(report.unit)
          if (report._tag === "left") member.units.delete(report.unit)
          onReport(report, member)
        })
        child.once("exit", (code, signal) => {
          member.state = "over"
          member.units.clear()
          if (!asked.has(child)) crashes.push(`the process in place ${place} ended with ${code ?? signal}:\n${errors}`)
        })
      })

    const end = (member: Member, signal: "SIGKILL" | "SIGTERM"): Effect.Effect<void> =>
      Effect.callback((resume) => {
        const { child } = member
        asked.add(child)
        if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
        child.once("exit", () => resume(Effect.void))
        child.kill(signal)
      })

    yield* Effect.addFinalizer(() =>
      Effect.forEach(members, (member) => end(member, "SIGKILL"), { concurrency: "unbounded", discard: true })
    )
    yield* Effect.forEach(clocks, (_, place) => start(place))
    return {
      addresses: ports.map((port) => `127.0.0.1:${port}`),
      members,
      crashes,
      start,
      end,
      freeze: (member) =>
        Effect.sync(() => {
          member.state = "frozen"
          member.child.kill("SIGSTOP")
        }),
      thaw: (member) =>
        Effect.sync(() => {
          if (member.state === "frozen") member.state = "running"
          member.child.kill("SIGCONT")
        })
    }
  })

const reportOf = (line: string): Report | undefined =>
  /^\{"_tag":"(?:began|left|checkpoint|refused)"/.test(line) ? JSON.parse(line) as Report : undefined
