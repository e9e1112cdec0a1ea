/**
 * The tables of the storages.
 *
 * Conditional writes are dated by ballots of the servers, plain writes by the clocks of the clients. A plain write of a client
 * whose clock is ahead would hide later conditional writes to the same cell. So each cell here is written by conditional writes
 * only, or by plain writes only; and a plain row that is deleted is never written again under the same key.
 */
import { quoted } from "@effect-cql/core/Cql"

const hour = "gc_grace_seconds = 3600"

/** By name: the columns, the key and the options. The comment says how the cells are written. */
const tables: Readonly<Record<string, string>> = {
  // Conditional. The facts that hold for a cluster forever.
  clusters: `(cluster text PRIMARY KEY, scope text, data_center text, shards_per_group int)`,
  // Conditional, with the lease as TTL. The process that an address belongs to.
  addresses: `(cluster text, key text, owner text, PRIMARY KEY ((cluster, key))) WITH ${hour}`,
  // Conditional, with the lease as TTL. A partition for each shard, so that shards do not contend.
  locks: `(cluster text, key text, owner text, PRIMARY KEY ((cluster, key))) WITH ${hour}`,
  // Conditional, with a TTL of an hour that is renewed.
  machines: `(cluster text, id int, address text, PRIMARY KEY ((cluster, id))) WITH ${hour}`,
  // Plain. A runner without its column "runner" has expired, and is what a late report on its health has left.
  runners: `(cluster text, address text, incarnation text, runner text, healthy boolean,
    PRIMARY KEY ((cluster), address, incarnation)) WITH ${hour}`,
  // Conditional. The request that was first saved with a primary key.
  keys: `(cluster text, key text, request_id bigint, PRIMARY KEY ((cluster, key)))`,
  // Conditional, except for "acked". A request with its replies, of kind 0 (a chunk, by its sequence) and 1 (the exit). Replies of
  // former attempts are void. Without its "writer" a request does not exist.
  requests: `(cluster text, request_id bigint, writer text STATIC, key text STATIC, shard text STATIC,
    entity_type text STATIC, entity_id text STATIC, tag text STATIC, payload text STATIC, headers text STATIC,
    trace_id text STATIC, span_id text STATIC, sampled boolean STATIC, visible_at bigint STATIC, attempt int STATIC,
    exit_id bigint STATIC, reply_attempt int, kind tinyint, seq int, reply_id bigint, body text, acked boolean,
    PRIMARY KEY ((cluster, request_id), reply_attempt, kind, seq))`,
  // Plain. The messages that a shard has yet to deliver: ids, no payloads. Kind 0 is a request, 1 an ack, 2 an interrupt.
  pending: `(cluster text, shard text, visible_at bigint, id bigint, attempt int, kind tinyint, request_id bigint,
    reply_id bigint, entity_type text, entity_id text, PRIMARY KEY ((cluster, shard), visible_at, id, attempt)) WITH ${hour}`,
  // Plain. The requests of an entity, for the time when all of it is deleted.
  entities: `(cluster text, entity_type text, entity_id text, request_id bigint,
    PRIMARY KEY ((cluster, entity_type, entity_id), request_id))`,
  // Conditional. The entries of a lane. Each process that takes the lane begins an epoch, and each of its writes is a step.
  lanes:
    `(cluster text, name text, lane int, epoch int STATIC, owner text STATIC, step int STATIC, entry text, body text,
    PRIMARY KEY ((cluster, name, lane), entry))`,
  // Conditional. The jobs. Their units are entries of lanes.
  jobs: `(cluster text, job text, name text, version text, fingerprint text, params text, timestamp bigint, lanes int,
    units int, run int, state text, concurrency int, rate double, revision int, budget text, forgiven bigint, exhausted text,
    PRIMARY KEY ((cluster), job))`,
  // Plain. The rows that a unit could not take. A start is used once, so that no row is written by two processes, and
  // none again after its job was removed: another job of that id was created at another time.
  rejects:
    `(cluster text, job text, created bigint, lane int, unit text, part int, start int, position text, reason text,
    outcome text, error text, body text, PRIMARY KEY ((cluster, job, created, lane), unit, part, start, position))`
}

/** The name of a table, qualified. */
export const tableIn = (keyspace: string, name: string): string => `${quoted(keyspace)}.cluster_${name}`

const createTable = (keyspace: string, name: string): string =>
  `CREATE TABLE IF NOT EXISTS ${tableIn(keyspace, name)} ${(tables[name] ?? "").replaceAll(/\s+/g, " ")}`

/** The tables by the migration that creates them. */
const migrations: Readonly<Record<string, ReadonlyArray<string>>> = {
  "0001_runners": ["clusters", "addresses", "locks", "machines", "runners"],
  "0002_messages": ["keys", "requests", "pending", "entities"],
  "0003_lanes": ["lanes"],
  "0004_jobs": ["jobs", "rejects"]
}

export const migrationsOf = (keyspace: string): Readonly<Record<string, ReadonlyArray<string>>> =>
  Object.fromEntries(
    Object.entries(migrations).map(([migration, names]) => [
      migration,
      names.map((name) => createTable(keyspace, name))
    ])
  )

export const ddl = (keyspace: string): ReadonlyArray<string> => Object.values(migrationsOf(keyspace)).flat()
