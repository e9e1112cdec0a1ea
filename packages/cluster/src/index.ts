/**
 * Effect's cluster on Cassandra, without another database: storages, lanes and jobs.
 *
 * @since 0.1.0
 */
export * as CqlCluster from "./CqlCluster.ts"
export * as CqlMessageStorage from "./CqlMessageStorage.ts"
export * as CqlRunnerStorage from "./CqlRunnerStorage.ts"
export * as Job from "./Job.ts"
export * as JobRunner from "./JobRunner.ts"
export * as Jobs from "./Jobs.ts"
export * as Lanes from "./Lanes.ts"
export * as TableJob from "./TableJob.ts"
