/**
 * Measures contenders side by side: rounds in which each runs once, in turn, so that what disturbs the machine disturbs
 * them all. Everything that is concluded is a median over rounds of what was measured within one round.
 */
import { collectGarbage, collectYoungGarbage } from "./garbage.ts"
import { median, type Spread, spread } from "./stats.ts"

export interface Contender {
  readonly name: string
  /** Runs all of its statements once. */
  readonly run: () => Promise<unknown>
}

/** Microseconds a statement. */
export interface Sample {
  /** CPU time of the process: of the program, and of the threads that collect its garbage. */
  readonly cpu: number
  readonly wall: number
}

export interface Plan {
  /** Statements of one run of a contender. */
  readonly statements: number
  /** Rounds that count. */
  readonly rounds: number
  /** Rounds before them, in which the code is compiled. */
  readonly warmUp: number
  /** Runs of a contender in its turn before those that count. */
  readonly runsBefore: number
  /** Runs that count, as one sample. Default: 1. */
  readonly runs?: number
}

/** The samples of each contender, one a round. */
export class Samples {
  readonly #samples: ReadonlyMap<string, ReadonlyArray<Sample>>

  constructor(samples: ReadonlyMap<string, ReadonlyArray<Sample>>) {
    this.#samples = samples
  }

  get names(): ReadonlyArray<string> {
    return [...this.#samples.keys()]
  }

  of(name: string): ReadonlyArray<Sample> {
    const samples = this.#samples.get(name)
    if (samples === undefined) throw new Error(`${name} was not measured`)
    return samples
  }

  /** Cost of a contender beyond `floor`, per round. */
  own(name: string, floor: string, clock: keyof Sample = "cpu"): ReadonlyArray<number> {
    const under = this.of(floor)
    return this.of(name).map((sample, round) => sample[clock] - under[round]![clock])
  }

  /** The quotient of the own costs of two contenders, over the rounds. */
  ratio(name: string, to: string, floor: string, clock: keyof Sample = "cpu"): Spread {
    const other = this.own(to, floor, clock)
    return spread(this.own(name, floor, clock).map((cost, round) => cost / other[round]!))
  }

  median(name: string, clock: keyof Sample = "cpu"): number {
    return median(this.of(name).map((sample) => sample[clock]))
  }

  toJSON(): unknown {
    return Object.fromEntries(this.#samples)
  }
}

const turn = async (contender: Contender, { runs = 1, runsBefore, statements }: Plan): Promise<Sample> => {
  collectGarbage()
  // A full collection, forced or not, throws compiled code away together with the objects that it was compiled for.
  // Without runs that do not count, what is measured is the compiler.
  for (let run = 0; run < runsBefore; run++) await contender.run()
  collectYoungGarbage()
  const before = process.cpuUsage()
  const began = performance.now()
  for (let run = 0; run < runs; run++) await contender.run()
  const wall = (performance.now() - began) * 1_000
  const { system, user } = process.cpuUsage(before)
  const count = runs * statements
  return { cpu: (user + system) / count, wall: wall / count }
}

/** Runs every contender once a round. */
export const measure = async (contenders: ReadonlyArray<Contender>, plan: Plan): Promise<Samples> => {
  const samples = new Map<string, Array<Sample>>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < plan.warmUp + plan.rounds; round++) {
    for (const contender of contenders) {
      const sample = await turn(contender, plan)
      if (round >= plan.warmUp) samples.get(contender.name)!.push(sample)
    }
  }
  return new Samples(samples)
}
