import type { NodeAddress } from "./loopback.ts"
import type { Line } from "./release.ts"

/** Inputs of the configuration of a node. */
export interface NodeSettings {
  readonly line: Line
  readonly directory: string
  readonly address: NodeAddress
  /**
   * All nodes of the cluster, itself among them. Each one is a seed: a node that is none cannot start while no seed is
   * up, and nodes here start at the same time, and again in any order.
   */
  readonly cluster: ReadonlyArray<NodeAddress>
  /** Number of tokens of the node. */
  readonly tokens: number
  /** True if clients have to log in. */
  readonly authentication: boolean
  /** A key store in PKCS12 with its password; clients then have to encrypt. */
  readonly keyStore?: { readonly path: string; readonly password: string } | undefined
}

/** Number of tokens of a node, unless another is asked for. */
export const defaultTokens = 8

/** The `cassandra.yaml` of a node. */
export const cassandraYaml = (
  { address, authentication, cluster, directory, keyStore, line, tokens }: NodeSettings
): string => {
  const inDirectory = (name: string) => JSON.stringify(`${directory}/${name}`)
  const seeds = cluster.map(({ host, storagePort }) => `${host}:${storagePort}`).join(",")
  const encryption = keyStore === undefined ? [] : [
    "client_encryption_options:",
    "  enabled: true",
    "  optional: false",
    `  keystore: ${JSON.stringify(keyStore.path)}`,
    `  keystore_password: ${JSON.stringify(keyStore.password)}`,
    "  store_type: PKCS12"
  ]
  return [
    "cluster_name: effect-cql",
    `num_tokens: ${tokens}`,
    `hints_directory: ${inDirectory("hints")}`,
    `data_file_directories: [${inDirectory("data")}]`,
    `commitlog_directory: ${inDirectory("commitlog")}`,
    `saved_caches_directory: ${inDirectory("saved_caches")}`,
    `cdc_raw_directory: ${inDirectory("cdc_raw")}`,
    "commitlog_sync: periodic",
    "partitioner: org.apache.cassandra.dht.Murmur3Partitioner",
    "seed_provider:",
    "  - class_name: org.apache.cassandra.locator.SimpleSeedProvider",
    `    parameters: [{ seeds: "${seeds}" }]`,
    `listen_address: ${address.host}`,
    `storage_port: ${address.storagePort}`,
    `rpc_address: ${address.host}`,
    "start_native_transport: true",
    `native_transport_port: ${address.port}`,
    "endpoint_snitch: SimpleSnitch",
    "auto_bootstrap: false",
    `authenticator: ${authentication ? "PasswordAuthenticator" : "AllowAllAuthenticator"}`,
    `authorizer: ${authentication ? "CassandraAuthorizer" : "AllowAllAuthorizer"}`,
    "role_manager: CassandraRoleManager",
    ...line.settings,
    ...encryption,
    ""
  ].join("\n")
}

/** Warnings and worse, to standard output: without a `logback.xml` Cassandra prints all that it does. */
export const logbackXml = `<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level [%thread] %date{ISO8601} %logger{0} - %msg%n%ex</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="OUT" /></root>
</configuration>
`
