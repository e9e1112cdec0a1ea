/** Starts the processes that the files in `deploy` describe, each at its own loopback address. */
import { Console, Effect, Exit, Schema } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { parse, parseAllDocuments } from "yaml"

const root = join(import.meta.dirname, "../../../..")

const textOf = (file: string): string => readFileSync(join(import.meta.dirname, "../../deploy", file), "utf8")

/** A container of a file, whose names of hosts are resolved. */
export interface Container {
  readonly command: ReadonlyArray<string>
  /** The directory of the container that is the root of the repository. */
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
}

/** Replacement of the network that a file describes. */
export interface Network {
  /** The contact point of the database, whose name in the files is `cassandra`. */
  readonly cassandra: string
  readonly credentials: { readonly username: string; readonly password: string } | undefined
  /** The address of a runner, by its number from 1. */
  readonly runner: (number: number) => string
}

const Command = Schema.Array(Schema.String)

const Variable = Schema.Struct({
  name: Schema.String,
  value: Schema.optionalKey(Schema.String),
  valueFrom: Schema.optionalKey(Schema.Union([
    Schema.Struct({ fieldRef: Schema.Struct({ fieldPath: Schema.Literal("status.podIP") }) }),
    Schema.Struct({
      secretKeyRef: Schema.Struct({
        name: Schema.Literal("cassandra"),
        key: Schema.Literals(["username", "password"]),
        optional: Schema.Literal(true)
      })
    })
  ]))
})

const Probe = Schema.Struct({
  httpGet: Schema.Struct({ path: Schema.String, port: Schema.Literal("health") })
})

const PodContainer = Schema.Struct({
  command: Command,
  workingDir: Schema.String,
  env: Schema.Array(Variable),
  ports: Schema.optionalKey(Schema.Array(Schema.Struct({ name: Schema.String, containerPort: Schema.Int }))),
  readinessProbe: Schema.optionalKey(Probe),
  livenessProbe: Schema.optionalKey(Probe),
  startupProbe: Schema.optionalKey(Probe)
})
type PodContainer = typeof PodContainer.Type

const Deployment = Schema.Struct({
  kind: Schema.Literal("Deployment"),
  spec: Schema.Struct({
    replicas: Schema.Int,
    template: Schema.Struct({
      spec: Schema.Struct({
        terminationGracePeriodSeconds: Schema.Int,
        initContainers: Schema.Tuple([PodContainer]),
        containers: Schema.Tuple([PodContainer])
      })
    })
  })
})

const BatchJob = Schema.Struct({
  kind: Schema.Literal("Job"),
  spec: Schema.Struct({
    template: Schema.Struct({ spec: Schema.Struct({ containers: Schema.Tuple([PodContainer]) }) })
  })
})

const ofPod = ({ command, env, workingDir }: PodContainer, network: Network, ip: string): Container => ({
  command,
  directory: workingDir,
  env: Object.fromEntries(env.flatMap(({ name, value, valueFrom }): ReadonlyArray<readonly [string, string]> => {
    if (value !== undefined) return [[name, value === "cassandra" ? network.cassandra : value]]
    if (valueFrom === undefined) return []
    if ("fieldRef" in valueFrom) return [[name, ip]]
    const secret = network.credentials?.[valueFrom.secretKeyRef.key]
    return secret === undefined ? [] : [[name, secret]]
  }))
})

/** The manifest for Kubernetes. */
export const kubernetes = (network: Network) => {
  const documents = parseAllDocuments(textOf("kubernetes.yaml")).map((document): unknown => document.toJS())
  const one = <A>(schema: Schema.Codec<A, unknown>): A => {
    const found = documents.find(Schema.is(schema))
    if (found === undefined) throw new Error("the manifest lacks an object")
    return found
  }
  const { replicas, template: { spec: pod } } = one(Deployment).spec
  const [worker] = pod.containers
  const [copy] = one(BatchJob).spec.template.spec.containers
  return {
    replicas,
    graceSeconds: pod.terminationGracePeriodSeconds,
    migrate: ofPod(pod.initContainers[0], network, network.runner(1)),
    runners: Array.from({ length: replicas }, (_, at) => ofPod(worker, network, network.runner(at + 1))),
    copy: ofPod(copy, network, network.runner(0)),
    /** The addresses that the probes of a runner ask. */
    probes: (number: number): ReadonlyArray<string> => {
      const port = worker.ports?.find(({ name }) => name === "health")?.containerPort
      return [worker.startupProbe, worker.livenessProbe, worker.readinessProbe].map((probe) =>
        `http://${network.runner(number)}:${port}${probe?.httpGet.path}`
      )
    }
  }
}

const Service = Schema.Struct({
  command: Command,
  working_dir: Schema.Literal("/repository"),
  environment: Schema.Record(Schema.String, Schema.String),
  stop_grace_period: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^\d+s$/))),
  healthcheck: Schema.optionalKey(Schema.Struct({ test: Command }))
})

const Compose = Schema.Struct({
  services: Schema.Struct({
    cassandra: Schema.Struct({ image: Schema.String }),
    migrate: Service,
    "worker-1": Service,
    "worker-2": Service,
    "worker-3": Service,
    copy: Service
  })
})

/** The file for Compose. */
export const compose = (network: Network) => {
  const { services } = Schema.decodeUnknownSync(Compose)(parse(textOf("compose.yaml"), { merge: true }))
  const resolved = (text: string) =>
    text.replace(/^cassandra$/, network.cassandra).replaceAll(/worker-(\d)/g, (_, at) => network.runner(Number(at)))
  const container = ({ command, environment, working_dir }: typeof Service.Type): Container => ({
    command,
    directory: working_dir,
    env: {
      ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, resolved(value)])),
      ...(network.credentials && {
        CASSANDRA_USERNAME: network.credentials.username,
        CASSANDRA_PASSWORD: network.credentials.password
      })
    }
  })
  const runners = [services["worker-1"], services["worker-2"], services["worker-3"]]
  return {
    graceSeconds: Math.min(...runners.map(({ stop_grace_period }) => Number.parseInt(stop_grace_period ?? "10"))),
    migrate: container(services.migrate),
    runners: runners.map(container),
    copy: container(services.copy),
    /** The commands that check the health of the runners, without the word that says how they are run. */
    healthChecks: runners.map((service): Container => ({
      ...container(service),
      command: (service.healthcheck?.test ?? []).slice(1).map(resolved)
    }))
  }
}

const longest = 4_000

/** A container as a process. Its environment is that of the file, and nothing of this process but the path. */
const start = ({ command: [program, ...args], env }: Container) => {
  if (program !== "node") throw new Error(`expected a command of node, got ${program}`)
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "inherit"]
  })
  const output = { text: "" }
  child.stdout.on("data", (text: Buffer) => output.text = (output.text + text.toString()).slice(-longest))
  return { child, output }
}

/** The exit code of a process, or its signal. */
export const ended = (child: ChildProcess): Effect.Effect<number | string> =>
  Effect.callback((resume) => {
    const result = child.exitCode ?? child.signalCode
    if (result !== null) return resume(Effect.succeed(result))
    child.once("exit", (code, signal) => resume(Effect.succeed(code ?? signal ?? "unknown")))
  })

/** Starts a container, and kills it at the end of the scope. If that ends with a failure, what it has printed is shown. */
export const started = (container: Container) =>
  Effect.map(
    Effect.acquireRelease(Effect.sync(() => start(container)), ({ child, output }, exit) =>
      Effect.suspend(() => {
        child.kill("SIGKILL")
        return Effect.andThen(ended(child), Exit.isFailure(exit) ? Console.log(output.text) : Effect.void)
      })),
    ({ child }) => child
  )

/** Runs a container to its end. */
export const run = (container: Container) => Effect.scoped(Effect.flatMap(started(container), ended))
