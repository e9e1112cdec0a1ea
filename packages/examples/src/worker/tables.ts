/** The tables that the worker copies from and to. */
import { CqlSchema, Table } from "@effect-cql/schema"
import { Schema } from "effect"

/** Keyspace of the tables, and of those of the cluster. */
export const keyspace = "cities"

export class City extends Table.Class<City>("City")("cities.cities", {
  columns: {
    id: CqlSchema.Int,
    name: Schema.String,
    country: Schema.String,
    feature: Schema.String,
    population: CqlSchema.Int,
    latitude: CqlSchema.Double,
    longitude: CqlSchema.Double
  },
  partitionKey: "id"
}) {}

/** The cities of a country, the largest first. */
export class CityOfCountry extends Table.Class<CityOfCountry>("CityOfCountry")("cities.by_country", {
  columns: {
    country: Schema.String,
    population: CqlSchema.Int,
    id: CqlSchema.Int,
    name: Schema.String,
    hemisphere: Schema.Literals(["north", "south"])
  },
  partitionKey: "country",
  clusteringKey: ["population desc", "id"]
}) {}

/** The row of a city in the table by country. */
export const toCityOfCountry = ({ country, id, latitude, name, population }: City): CityOfCountry =>
  new CityOfCountry({ country, population, id, name, hemisphere: latitude < 0 ? "south" : "north" })
