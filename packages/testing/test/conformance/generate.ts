/**
 * Random statements over fixed tables, the same for the same seed: for what no list of cases thinks of.
 *
 * Writes carry timestamps out of a small range, so that old and new ones meet in every order. Conditional writes have a table
 * of their own, for the server dates them.
 */
import type { Random } from "@effect-cql/test-support/random"
import type { Step } from "./scenario.ts"

export const tables = [
  "CREATE TYPE g_type (x int, y text)",
  `CREATE TABLE g1 (k int, c int, d text, s text static, v int, w text, l list<int>, t set<text>, m map<text, int>, u g_type,
    f frozen<list<int>>, PRIMARY KEY (k, c, d)) WITH CLUSTERING ORDER BY (c DESC, d ASC)`,
  "CREATE TABLE g2 (a text, b int, n counter, o counter, PRIMARY KEY ((a, b)))",
  "CREATE TABLE g3 (k int, c int, v int, w text, s int static, PRIMARY KEY (k, c))",
  "CREATE TABLE g4 (a int, b text, v double, e decimal, i bigint, PRIMARY KEY ((a, b)))"
]

const texts = ["'a'", "'b'", "'é'", "''"] as const

/** The statements of a seed, one after the other. */
export class Statements {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  next(): Step {
    const r = this.#random
    const make = r.pick<() => Step>([
      () => this.#write(),
      () => this.#write(),
      () => this.#write(),
      () => this.#read(),
      () => this.#read(),
      () => this.#counter(),
      () => this.#conditional(),
      () => this.#conditional(),
      () => this.#batch(),
      () => this.#scalar()
    ])
    return make()
  }

  #int(): number {
    return this.#random.between(0, 3)
  }

  #text(): string {
    return this.#random.pick(texts)
  }

  #time(): string {
    return `USING TIMESTAMP ${this.#random.between(1, 40)}`
  }

  #list(of: () => unknown): string {
    return Array.from({ length: this.#random.between(0, 3) }, of).join(", ")
  }

  #value(column: string): string {
    const r = this.#random
    if (r.chance(0.15)) return "null"
    switch (column) {
      case "v":
        return String(r.between(-5, 5))
      case "l":
      case "f":
        return `[${this.#list(() => this.#int())}]`
      case "t":
        return `{${this.#list(() => this.#text())}}`
      case "m":
        // Of a key that stands twice in a text the server keeps now the one value, now the other.
        return `{${texts.filter(() => r.chance(0.4)).map((key) => `${key}: ${this.#int()}`).join(", ")}}`
      case "u":
        return r.chance(0.5) ? `{x: ${this.#int()}, y: ${this.#text()}}` : `{x: ${this.#int()}}`
      default:
        return this.#text()
    }
  }

  #row(): string {
    return `k = ${this.#int()} AND c = ${this.#int()} AND d = ${this.#text()}`
  }

  #some<A>(all: ReadonlyArray<A>): ReadonlyArray<A> {
    return all.filter(() => this.#random.chance(0.4))
  }

  #write(): Step {
    return { text: this.#writeText(true) }
  }

  #writeText(isTimed: boolean): string {
    const r = this.#random
    const time = isTimed ? this.#time() : ""
    const make = r.pick<() => string>([() => this.#insert(time), () => this.#update(time), () => this.#delete(time)])
    return make()
  }

  #insert(time: string): string {
    const columns = this.#some(["s", "v", "w", "l", "t", "m", "u", "f"])
    const values = columns.map((column) => this.#value(column))
    const key = [this.#int(), this.#int(), this.#text()]
    return `INSERT INTO g1 (${["k", "c", "d", ...columns].join(", ")}) VALUES (${
      [...key, ...values].join(", ")
    }) ${time}`
  }

  #update(time: string): string {
    const r = this.#random
    const set = r.pick<() => string>([
      () => `v = ${this.#value("v")}`,
      () => `w = ${this.#value("w")}, f = ${this.#value("f")}`,
      () => `l = l + [${this.#list(() => this.#int())}]`,
      () => `l = [${this.#int()}] + l`,
      () => `l = l - [${this.#int()}]`,
      () => `l = ${this.#value("l")}`,
      () => `l[${this.#int()}] = ${this.#int()}`,
      () => `t = t + {${this.#text()}}`,
      () => `t = t - {${this.#text()}}, v = ${this.#value("v")}`,
      () => `m[${this.#text()}] = ${r.chance(0.3) ? "null" : this.#int()}`,
      () => `m = m - {${this.#text()}}`,
      () => `u.x = ${this.#int()}`,
      () => `u.y = ${this.#value("w")}`,
      () => `u = ${this.#value("u")}`
    ])()
    if (r.chance(0.1)) return `UPDATE g1 ${time} SET s = ${this.#value("s")} WHERE k = ${this.#int()}`
    return `UPDATE g1 ${time} SET ${set} WHERE ${this.#row()}`
  }

  #delete(time: string): string {
    const r = this.#random
    return r.pick<() => string>([
      () => `DELETE ${r.pick(["v", "w", "l", "t", "m", "u", "f", "v, w"])} FROM g1 ${time} WHERE ${this.#row()}`,
      () => `DELETE m[${this.#text()}], t[${this.#text()}] FROM g1 ${time} WHERE ${this.#row()}`,
      () => `DELETE l[${this.#int()}] FROM g1 ${time} WHERE ${this.#row()}`,
      () => `DELETE s FROM g1 ${time} WHERE k = ${this.#int()}`,
      () => `DELETE FROM g1 ${time} WHERE ${this.#row()}`,
      () => `DELETE FROM g1 ${time} WHERE k = ${this.#int()} AND c = ${this.#int()}`,
      () => `DELETE FROM g1 ${time} WHERE k = ${this.#int()} AND c > ${this.#int()}`,
      () => `DELETE FROM g1 ${time} WHERE k = ${this.#int()} AND c = ${this.#int()} AND d < ${this.#text()}`,
      () => `DELETE FROM g1 ${time} WHERE k = ${this.#int()}`
    ])()
  }

  #read(): Step {
    const r = this.#random
    const operator = () => r.pick(["<", "<=", ">", ">=", "="])
    const limit = r.chance(0.3) ? ` LIMIT ${r.between(1, 5)}` : ""
    const order = r.chance(0.3) ? " ORDER BY c ASC" : ""
    const columns = r.pick([
      "*",
      "k, c, d, v",
      "c, WRITETIME(v), WRITETIME(w)",
      "count(*), max(v), min(d)",
      "d, s, l, t, m, u"
    ])
    const text = r.pick<() => string>([
      () => `SELECT ${columns} FROM g1`,
      () => `SELECT ${columns} FROM g1 WHERE k = ${this.#int()}${order}${limit}`,
      () => `SELECT ${columns} FROM g1 WHERE k = ${this.#int()} AND c ${operator()} ${this.#int()}${order}${limit}`,
      () =>
        `SELECT ${columns} FROM g1 WHERE k = ${this.#int()} AND c = ${this.#int()} AND d ${operator()} ${this.#text()}${limit}`,
      () =>
        `SELECT ${columns} FROM g1 WHERE k = ${this.#int()} AND (c, d) ${operator()} (${this.#int()}, ${this.#text()})`,
      () =>
        `SELECT ${columns} FROM g1 WHERE k = ${this.#int()} AND c IN (${this.#int()}, ${this.#int()}) AND d = ${this.#text()}`,
      () => `SELECT ${columns} FROM g1 WHERE k IN (${this.#int()}, ${this.#int()})${limit}`,
      () => `SELECT ${columns} FROM g1 WHERE v ${operator()} ${this.#int()} ALLOW FILTERING`,
      () => `SELECT ${columns} FROM g1 WHERE t CONTAINS ${this.#text()} ALLOW FILTERING`,
      () => "SELECT DISTINCT k, s FROM g1",
      // No GROUP BY: a server fails on partitions that hold static values alone.
      () => `SELECT k, c, d FROM g1 PER PARTITION LIMIT ${r.between(1, 3)}${limit}`
    ])()
    return { text, pageSize: r.chance(0.3) && !text.includes("ORDER BY") ? r.between(1, 4) : undefined }
  }

  #counter(): Step {
    const r = this.#random
    const row = `a = ${r.pick(["'x'", "'y'"])} AND b = ${this.#int()}`
    return r.pick<() => Step>([
      () => ({ text: `UPDATE g2 SET n = n ${r.pick(["+", "-"])} ${this.#int()}, o = o + 1 WHERE ${row}` }),
      () => ({
        text: "UPDATE g2 SET n = n + ? WHERE a = 'x' AND b = ?",
        params: [BigInt(r.between(-9, 9)), this.#int()]
      }),
      () => ({ text: `SELECT * FROM g2 WHERE ${row}` }),
      () => ({ text: "SELECT count(*), sum(n), min(o) FROM g2" })
    ])()
  }

  #conditional(): Step {
    const r = this.#random
    const row = () => `k = ${r.between(0, 1)} AND c = ${r.between(0, 2)}`
    const value = () => r.chance(0.2) ? "null" : String(this.#int())
    const condition = () =>
      r.pick<string>([
        `v = ${value()}`,
        `v != ${value()}`,
        `v > ${this.#int()}`,
        `v IN (${this.#int()}, ${this.#int()})`,
        `v = ${value()} AND w = ${this.#text()}`,
        `s = ${value()}`,
        "EXISTS"
      ])
    return {
      text: r.pick<() => string>([
        () =>
          `INSERT INTO g3 (k, c, v, w) VALUES (${r.between(0, 1)}, ${
            r.between(0, 2)
          }, ${value()}, ${this.#text()}) IF NOT EXISTS`,
        // What a lost condition on static columns alone shows of the rows beside them depends on how these were written.
        () => `UPDATE g3 SET v = ${value()}, w = ${this.#text()} WHERE ${row()} IF ${condition()}`,
        () => `UPDATE g3 SET s = ${value()}, v = ${value()} WHERE ${row()} IF ${condition()}`,
        () => `DELETE FROM g3 WHERE ${row()} IF ${condition()}`,
        () => `DELETE v FROM g3 WHERE ${row()} IF ${condition()}`,
        () => "SELECT * FROM g3"
      ])()
    }
  }

  #batch(): Step {
    const r = this.#random
    const statements = Array.from({ length: r.between(1, 4) }, () => [this.#writeText(true)] as const)
    return { text: "", batch: { type: r.pick(["logged", "unlogged"]), statements } }
  }

  #scalar(): Step {
    const r = this.#random
    const key = `a = ${this.#int()} AND b = ${this.#text()}`
    const number = () => r.pick(["1.5", "-0.25", "1e2", "0", "-7"])
    return {
      text: r.pick<() => string>([
        () =>
          `INSERT INTO g4 (a, b, v, e, i) VALUES (${this.#int()}, ${this.#text()}, ${number()}, ${number()}, ${this.#int()}) ${this.#time()}`,
        () => `UPDATE g4 ${this.#time()} SET e = ${number()} WHERE ${key}`,
        () => `DELETE i FROM g4 ${this.#time()} WHERE ${key}`,
        () => `SELECT * FROM g4 WHERE ${key}`,
        () => "SELECT a, b, token(a, b), e FROM g4",
        () => "SELECT sum(v), avg(v), sum(e), avg(e), max(i), count(i) FROM g4",
        () => `SELECT cast(v as int), cast(e as text), toJson(e), toJson(v), abs(v) FROM g4 WHERE ${key}`,
        () => `SELECT a, b FROM g4 WHERE token(a, b) > token(${this.#int()}, ${this.#text()})`
      ])()
    }
  }
}
