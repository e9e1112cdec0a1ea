/** The job of the worker: copies the cities into the table by country. */
import { Job } from "@effect-cql/cluster"
import { Effect } from "effect"
import { City, CityOfCountry, toCityOfCountry } from "./tables.ts"

export const CopyCities = Job.transform("CopyCities", {
  version: "1",
  table: City,
  // Statements in flight over all runners.
  concurrency: 384,
  statement: { consistency: "LOCAL_QUORUM", pageSize: 500 },
  write: (city) => Effect.succeed(CityOfCountry.insert(toCityOfCountry(city)))
})
