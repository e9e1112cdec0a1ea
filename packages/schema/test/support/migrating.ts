/**
 * A process that migrates, for tests that start several and kill one: it prints a line when it has begun to wait within the
 * second migration, and one with what it has applied.
 *
 *   node migrating.ts <contact point> <data center> <keyspace> <milliseconds to wait>
 */
import { CassandraSession } from "@effect-cql/cassandra"
import { Migrations } from "@effect-cql/schema"
import { Console, Effect, Logger } from "effect"
import process from "node:process"

const [contactPoint = "", localDataCenter = "", keyspace = "", wait = "0"] = process.argv.slice(2)

const migrations = Migrations.make({
  keyspace,
  replication: { [localDataCenter]: 1 },
  migrations: {
    "0001_runs":
      `CREATE TABLE ${keyspace}.runs (id int PRIMARY KEY, n counter); UPDATE ${keyspace}.runs SET n = n + 1 WHERE id = 1`,
    "0002_wait": Console.log("waiting").pipe(Effect.andThen(Effect.sleep(Number(wait)))),
    "0003_names": `
      CREATE TABLE ${keyspace}.names (id int PRIMARY KEY);
      ALTER TABLE ${keyspace}.names ADD name text;
      CREATE INDEX names_by_name ON ${keyspace}.names (name);
    `
  }
})

const program = Migrations.run(migrations, { lease: "4 seconds" }).pipe(
  Effect.flatMap((names) => Console.log(`applied ${names.join(" ")}`)),
  Effect.provide([CassandraSession.layer({ contactPoints: [contactPoint], localDataCenter }), Logger.layer([])])
)
await Effect.runPromise(program)
