/** The job of the worker: copies the cities into the table by country. */
import { TableJob } from "@effect-cql/cluster"
import { City, CityOfCountry, toCityOfCountry } from "./tables.ts"

export const CopyCities = TableJob.make("CopyCities", {
  version: "1",
  table: City,
  pageSize: 500,
  // Statements in flight over all runners.
  concurrency: 384,
  rows: (cities, { execute }) =>
    execute(cities.map((city) => CityOfCountry.insert(toCityOfCountry(city))), {
      statement: { consistency: "LOCAL_QUORUM" }
    })
})
