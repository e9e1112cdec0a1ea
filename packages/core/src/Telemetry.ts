/**
 * Spans and metrics of a session: the options that turn them off, and the nodes that an adapter reports.
 *
 * @since 0.1.0
 */

/**
 * Options of the spans and metrics of a session.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /**
   * Name of the session in spans and metrics: the attribute `cql.session.name`. Default: the lowest number, from 1,
   * that no other open session of the process has.
   */
  readonly name?: string | undefined
  /** True if calls and runs have spans. Default: `true`. */
  readonly spans?: boolean | undefined
  /** True if calls are counted and timed by metrics. Default: `true`. */
  readonly metrics?: boolean | undefined
}

/**
 * The nodes of a cluster, as the driver sees them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Health {
  /** All nodes that the driver uses. Called when metrics are read, and while calls end. */
  readonly nodes: () => ReadonlyArray<NodeState>
  /** The node at this `address:port`. Called at the end of each span. */
  readonly node: (address: string) => Node | undefined
  /**
   * Calls `listener` at each event of the driver, such as `node_up` and `node_down`. Returns a function that removes
   * the listener.
   */
  readonly onEvent: (listener: (event: string) => void) => () => void
}

/**
 * A node of a cluster.
 *
 * @category models
 * @since 0.1.0
 */
export interface Node {
  /** The host id. */
  readonly id?: string | undefined
  readonly dataCenter?: string | undefined
}

/**
 * The connections of a node.
 *
 * @category models
 * @since 0.1.0
 */
export interface NodeState {
  /** `address:port`. */
  readonly address: string
  readonly isUp: boolean
  /** Open connections. */
  readonly connections: number
  /** Requests on these connections. */
  readonly inFlight: number
}
