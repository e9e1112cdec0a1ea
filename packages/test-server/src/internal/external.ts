import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { format, parse } from "./endpoint.ts"
import { Lacking, ServerStartFailed } from "./errors.ts"
import * as Probe from "./probe.ts"
import { refuseSpecial, type ServerProvider } from "./provider.ts"
import { optionalSecret, optionalText } from "./settings.ts"

/** The settings that name a server which is there already. */
const settings = Config.all({
  contactPoints: optionalText("CASSANDRA_CONTACT_POINTS"),
  dataCenter: optionalText("CASSANDRA_LOCAL_DATACENTER"),
  username: optionalText("CASSANDRA_USERNAME"),
  password: optionalSecret("CASSANDRA_PASSWORD")
})

const lacking = (lack: string) =>
  Effect.fail(
    new Lacking({
      lack,
      remedy: "Set it to the server's address, such as 127.0.0.1:9042 (several with commas between them), with " +
        "CASSANDRA_USERNAME and CASSANDRA_PASSWORD where it asks for a login"
    })
  )

const startFailed = (problem: string) => new ServerStartFailed({ provider: "external", problem, log: "" })

/** A server that is managed elsewhere: it is identified, and otherwise left alone. */
export const external: ServerProvider = {
  name: "external",
  acquire: Effect.fnUntraced(function*(options) {
    const { contactPoints, dataCenter, password, username } = yield* Effect.orDie(settings)
    if (Option.isNone(contactPoints)) return yield* lacking("CASSANDRA_CONTACT_POINTS is not set")
    yield* refuseSpecial(options)
    const names = contactPoints.value.split(",").map((name) => name.trim()).filter((name) => name !== "")
    const endpoints = names.map(parse).filter((endpoint) => endpoint !== undefined)
    if (names.length === 0 || endpoints.length < names.length) {
      return yield* startFailed(`CASSANDRA_CONTACT_POINTS is no list of addresses: "${contactPoints.value}"`)
    }
    const credentials = Option.getOrUndefined(Option.all({ username, password }))
    let last = "no answer"
    const onFailure = (error: Probe.ProbeFailed) => {
      last = error.message
    }
    const answers = endpoints.map((endpoint) =>
      Probe.awaitAnswer({ endpoint, credentials }, { refusedLoginIsFinal: true, onFailure })
    )
    const info = yield* Effect.raceAll(answers).pipe(
      Effect.mapError((error) => startFailed(error.message)),
      Effect.timeoutOrElse({
        duration: options.startTimeout ?? "30 seconds",
        orElse: () =>
          Effect.fail(startFailed(
            `no answer in time from ${names.join(", ")}, last: ${last}. ` +
              "Start the server, correct CASSANDRA_CONTACT_POINTS, or increase startTimeout."
          ))
      })
    )
    if (!info.version.startsWith(options.version ?? "")) {
      return yield* new Lacking({
        lack: `the server is Cassandra ${info.version}, and ${options.version} was asked for`,
        remedy: "Set CASSANDRA_CONTACT_POINTS to a server of that version, or use another provider"
      })
    }
    return {
      provider: "external",
      version: info.version,
      contactPoints: endpoints.map(format),
      localDataCenter: Option.getOrElse(dataCenter, () => info.dataCenter),
      credentials,
      nodes: []
    }
  })
}
