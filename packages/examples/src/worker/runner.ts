/** A runner: a process of the cluster that works off jobs. */
import { JobRunner } from "@effect-cql/cluster"
import * as NodeCqlCluster from "@effect-cql/cluster/NodeCqlCluster"
import { type Config, Effect, Layer } from "effect"
import * as Health from "./health.ts"
import { CopyCities } from "./job.ts"
import * as Settings from "./settings.ts"
import { keyspace } from "./tables.ts"

type Runner = Config.Success<typeof Settings.runner> & Config.Success<typeof Settings.cluster>

const ofSettings = ({ healthPort, host, lanes, lease, port, shards }: Runner) =>
  Layer.merge(CopyCities.layer, Health.layer({ healthPort, host, port })).pipe(
    Layer.provide(JobRunner.layerWith({ keyspace, lanes })),
    Layer.provide(NodeCqlCluster.layer({ keyspace, address: { host, port }, shards, lease }))
  )

/** The runner of the settings in the environment. */
export const layer = Layer.unwrap(Effect.map(
  Effect.all([Settings.runner, Settings.cluster]),
  ([runner, cluster]) => ofSettings({ ...runner, ...cluster })
)).pipe(Layer.provide(Settings.session))
