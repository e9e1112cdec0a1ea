/**
 * The work of every contender: each row of a table is read, changed and written to another table.
 */
import { CassandraSession } from "@effect-cql/cassandra"
import { CqlCluster, TableJob } from "@effect-cql/cluster"
import { streamConcurrentWithArgs } from "@effect-cql/core"
import { CqlSchema, Scan, Table, type TokenRange } from "@effect-cql/schema"
import { Redacted, Schema, Stream } from "effect"
import process from "node:process"

/** Settings that all processes of a benchmark share. Each process reads them from the variable `BENCH_JOBS`. */
const Settings = Schema.Struct({
  keyspace: Schema.String,
  contactPoints: Schema.Array(Schema.String),
  localDataCenter: Schema.String,
  username: Schema.optionalKey(Schema.String),
  password: Schema.optionalKey(Schema.String)
})
export type Settings = typeof Settings.Type

const Variable = Schema.fromJsonString(Settings)

export const encodeSettings = (settings: Settings): string => Schema.encodeSync(Variable)(settings)

export const settings: Settings | undefined = process.env["BENCH_JOBS"] === undefined
  ? undefined
  : Schema.decodeSync(Variable)(process.env["BENCH_JOBS"])

export const keyspace = settings?.keyspace ?? `bench_jobs_${process.pid}`

/** Units of the job that run at a time, and the ranges that the plain run reads at a time. */
export const lanes = 6
/** Statements of a lane in flight: the default of a job without limits. */
const statementsOfLane = 100
const pageSize = 2_000
const statement = { consistency: "LOCAL_QUORUM" } as const

export class Source extends Table.Class<Source>("Source")(`${keyspace}.source`, {
  columns: { id: CqlSchema.Int, name: Schema.String, score: CqlSchema.Double, note: Schema.String },
  partitionKey: "id"
}) {}

export class Target extends Table.Class<Target>("Target")(`${keyspace}.target`, {
  columns: { id: CqlSchema.Int, name: Schema.String, score: CqlSchema.Double, note: Schema.String },
  partitionKey: "id"
}) {}

export const sourceRow = (id: number): Source =>
  new Source({ id, name: `name ${id}`, score: id / 7, note: "of an ordinary length, as notes are" })

const changed = ({ id, name, note, score }: Source): Target =>
  new Target({ id, name: name.toUpperCase(), score: score + 1, note })

export const isChanged = ({ id, name, score }: Target): boolean => name === `NAME ${id}` && score === id / 7 + 1

/** The job, with a checkpoint behind each page. */
export const Copy = TableJob.make("Copy", {
  version: "1",
  table: Source,
  pageSize,
  rows: (rows, { execute }) => execute(rows.map((row) => Target.insert(changed(row))), { statement })
})

/** The same statements by one run, without checkpoints. */
export const plainCopy = (ranges: ReadonlyArray<TokenRange.TokenRange>) => {
  const rows = Scan.table(Source, { ranges, concurrency: lanes, statement: { ...statement, pageSize } })
  return streamConcurrentWithArgs(Target.insert, Stream.map(rows, changed), {
    concurrency: lanes * statementsOfLane,
    statement
  }).pipe(Stream.runCount)
}

export const ddl: ReadonlyArray<string> = [...Table.ddl(Source), ...Table.ddl(Target), ...CqlCluster.ddl(keyspace)]

/** A session of a contender. */
export const sessionOf = ({ contactPoints, localDataCenter, password, username }: Settings) =>
  CassandraSession.layer({
    contactPoints,
    localDataCenter,
    username,
    password: password === undefined ? undefined : Redacted.make(password),
    spans: false,
    metrics: false
  })
