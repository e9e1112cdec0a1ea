import { exponential, type Node, regular } from "./server.ts"
import type { Scenario } from "./simulate.ts"

const workers = 16
const mean = 12

const cluster = (node: Partial<Node> = {}): ReadonlyArray<Node> => {
  const plain: Node = { workers: () => workers, service: (random) => exponential(random, mean), ...node }
  return [plain, plain, plain]
}

/** Stands still for 700 ms every 30 s, beginning 10 s after the start. */
const garbage = (now: number): number => {
  const since = (now - 10_000) % 30_000
  return since >= 0 && since < 700 ? now - since + 700 : 0
}

const steps = (before: number, then: number, after: number) => (now: number): number =>
  now < 15_000 ? before : now < 30_000 ? then : after

export const scenarios: ReadonlyArray<Scenario> = [
  { name: "steady", nodes: cluster(), phases: [20_000] },
  { name: "capacity down and up", nodes: cluster({ workers: steps(16, 4, 16) }), phases: [15_000, 30_000, 45_000] },
  {
    name: "slower and faster by 4",
    nodes: cluster({ service: (random, now) => regular(random, steps(12, 48, 12)(now)) }),
    phases: [15_000, 30_000, 45_000]
  },
  {
    name: "slow drift to 4 x and back",
    nodes: cluster({
      service: (random, now) => exponential(random, 8 * (1 + 3 * Math.min(now, 60_000 - now) / 30_000))
    }),
    drifts: true,
    phases: [15_000, 30_000, 45_000, 60_000]
  },
  {
    name: "bimodal, half 20 x slower",
    nodes: cluster({ service: (random) => regular(random, random.chance(0.5) ? 2 : 40) }),
    phases: [20_000]
  },
  {
    name: "bimodal, 1 of 10 50 x slower",
    nodes: cluster({ service: (random) => regular(random, random.chance(0.1) ? 100 : 2) }),
    phases: [20_000]
  },
  { name: "pauses of all nodes", nodes: cluster({ pausedUntil: garbage }), phases: [45_000] },
  {
    name: "pauses of one node",
    nodes: [...cluster().slice(1), ...cluster({ pausedUntil: garbage }).slice(2)],
    phases: [45_000]
  },
  {
    name: "one slow node of three",
    nodes: [...cluster().slice(1), ...cluster({ service: (random) => exponential(random, 8 * mean) }).slice(2)],
    phases: [30_000]
  },
  {
    name: "slows down, never refuses",
    nodes: cluster({
      service: (random, _, inside) => exponential(random, mean * Math.max(1, inside / 24) ** 1.5)
    }),
    phases: [20_000]
  },
  { name: "refuses beyond 20 a node", nodes: cluster({ most: 20 }), phases: [20_000] },
  { name: "refuses beyond 12 a node", nodes: cluster({ most: 12 }), phases: [20_000] },
  {
    name: "fast, 0.4 ms",
    nodes: cluster({ workers: () => 3, service: (random) => regular(random, 0.4) }),
    wire: 0.1,
    phases: [8_000]
  },
  { name: "far away, 80 ms", nodes: cluster({ workers: () => 4 }), wire: 80, phases: [30_000] },
  { name: "a limit of at most 8", nodes: cluster(), max: 8, phases: [20_000] },
  {
    name: "one node stops for 4 s",
    nodes: [
      ...cluster().slice(1),
      ...cluster({ pausedUntil: (now) => now >= 10_000 && now < 14_000 ? 14_000 : 0 }).slice(2)
    ],
    timeout: 500,
    phases: [10_000, 40_000]
  },
  {
    name: "one node, capacity down and up",
    nodes: [{
      workers: (now) => now >= 6_600 && now < 18_600 ? 8 : 32,
      service: (random) => regular(random, 40)
    }],
    wire: 3,
    places: 400,
    phases: [6_600, 18_600, 28_600]
  },
  { name: "five minutes", nodes: cluster({ workers: () => 4 }), phases: [60_000, 300_000], isLong: true }
]
