/** The schema of the worker: the tables of the cities, and those of the cluster. */
import { CqlCluster } from "@effect-cql/cluster"
import { Migrations } from "@effect-cql/schema"
import { Effect } from "effect"
import { keyspace } from "./tables.ts"

const cities = (replication: Readonly<Record<string, number>>) =>
  Migrations.make({
    keyspace,
    replication,
    migrations: {
      "0001_cities": "CREATE TABLE IF NOT EXISTS cities.cities (id int PRIMARY KEY, name text, country text, " +
        "feature text, population int, latitude double, longitude double)",
      "0002_by_country": "CREATE TABLE IF NOT EXISTS cities.by_country (country text, population int, id int, " +
        "name text, hemisphere text, PRIMARY KEY (country, population, id)) " +
        "WITH CLUSTERING ORDER BY (population DESC, id ASC)"
    }
  })

/** Applies what the database lacks. Any number of processes may do so at a time. */
export const migrate = (replication: Readonly<Record<string, number>>) =>
  Effect.gen(function*() {
    const own = yield* Migrations.run(cities(replication))
    const shared = yield* Migrations.run(CqlCluster.migrations({ keyspace }))
    return [...own, ...shared]
  })
