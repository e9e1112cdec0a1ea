/** The faults of a proof: which, and at which point of the job, by a seed. */
import { Random } from "@effect-cql/test-support/random"

export type Kind =
  | "kill -9"
  | "SIGSTOP"
  | "SIGTERM"
  | "node killed"
  | "node paused"
  | "node restarted"
  | "two nodes killed"

export interface Fault {
  readonly kind: Kind
  /** Share of the rows that have to be copied before. */
  readonly share: number
  /** Milliseconds to wait then. */
  readonly delay: number
  /** Milliseconds until the process is started again, or goes on. */
  readonly length: number
}

export interface Counts {
  readonly kills: number
  readonly freezes: number
  readonly stops: number
  readonly nodes: 1 | 3
  /** Seconds of a lease. */
  readonly lease: number
}

export const plan = (seed: number, { freezes, kills, lease, nodes, stops }: Counts): ReadonlyArray<Fault> => {
  const random = new Random(seed)
  const times = <A>(count: number, kind: A) => Array.from({ length: count }, () => kind)
  const ofNodes: ReadonlyArray<Kind> = nodes === 1
    ? []
    : ["node killed", "node paused", "node restarted", "two nodes killed"]
  const kinds: Array<Kind> = [
    ...times(kills, "kill -9" as const),
    ...times(freezes, "SIGSTOP" as const),
    ...times(stops, "SIGTERM" as const),
    ...ofNodes
  ]
  // The order is drawn: the kind that has the lowest number is first.
  const order = kinds.map((kind) => [random.next(), kind] as const).sort(([one], [other]) => one - other)
  const shares = kinds.map(() => 0.02 + 0.9 * random.next()).sort((one, other) => one - other)
  return order.map(([, kind], at) => ({
    kind,
    share: shares[at] ?? 0,
    delay: random.between(0, 500),
    length: kind === "SIGSTOP" ? lease * 1_000 + random.between(2_000, 6_000) : random.between(0, 4_000)
  }))
}
