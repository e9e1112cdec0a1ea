/** The job of the worker: copies the cities into the table by country. */
import { TableJob } from "@effect-cql/cluster"
import { executeConcurrentWithArgs } from "@effect-cql/core"
import { City, CityOfCountry, toCityOfCountry } from "./tables.ts"

export const CopyCities = TableJob.make("CopyCities", {
  version: "1",
  table: City,
  pageSize: 500,
  rows: (cities, { timestamp }) =>
    executeConcurrentWithArgs(CityOfCountry.insert, cities.map(toCityOfCountry), {
      concurrency: 32,
      statement: { timestamp, consistency: "LOCAL_QUORUM" }
    })
})
