/**
 * One request in progress: its query plan, its preparation, its nodes, and its answer.
 *
 * A request is sent to the next node for as long as no node can have seen it, and never again after that. What retries is
 * the core.
 */
import { type CqlError, Reason } from "@effect-cql/core"
import type { Done, Page } from "@effect-cql/core/Port"
import * as Exit from "effect/Exit"
import { Unreadable } from "../../values/unreadable.ts"
import { withBrackets } from "../driver/address.ts"
import { isShuttingDown } from "../driver/client.ts"
import { isSocketError } from "../driver/errorKind.ts"
import { enterKeyspace, type Next, NoHost, Plan, type Profile } from "../driver/hosts.ts"
import { PolicyOptions, type RequestDefaults } from "../driver/policyOptions.ts"
import { now } from "../driver/timer.ts"
import { NotSent } from "../driver/wire.ts"
import {
  type RawAnswer,
  readError,
  readResult,
  readSchemaChange,
  type Result,
  resultKind,
  type ServerAnswer
} from "../protocol/answers.ts"
import { opcode, type QueryParameters, type Slot } from "../protocol/frames.ts"
import type { KeepsPlan } from "../protocol/rows.ts"
import type { AttemptContext, Where } from "./attemptContext.ts"
import { clientShutDown } from "./classify.ts"
import { Forgetful } from "./forgetful.ts"
import { toPage } from "./page.ts"
import type { Paged } from "./pageState.ts"
import { mostRounds, type NotPrepared, prepareAll, StillChanging, type Waiting } from "./preparation.ts"
import type { PreparedText } from "./prepared.ts"
import { type Flying, RequestFlight } from "./requestFlight.ts"
import { speculate } from "./speculation.ts"

// The driver keeps its requests in a Map, and V8 links each table of a Map to its successor. An old table therefore keeps all
// later requests alive until the next full collection, and the cost of a minor collection depends on the survivors. So an
// answered request releases the callback, and with it the statement.
const settled: Done = () => {}

/** Why a request is not sent: its parameters do not fit, or its page state is of another statement. */
export type Refused = Reason.ParametersRefused | Reason.InvalidPageState

/** The end of a request that the core has given up. */
const givenUp: Exit.Exit<never> = Exit.interrupt()

/** A request of the core. */
export abstract class Attempt extends PolicyOptions implements Flying, QueryParameters {
  readonly context: AttemptContext
  readonly defaults: RequestDefaults
  profile: Profile
  readonly #started = now()
  #done: Done
  #waits = true
  #isOutdated = false
  #forgetful: Forgetful | undefined
  #plan: Plan | undefined
  /** Stops speculative executions, or the wait for the nodes to agree on the schema. */
  #stop = (): void => {}
  /** Copies on further nodes. */
  #copies = 0
  /** Copies that may still be answered: the first, from its start, and those on further nodes. */
  #underWay = 1
  protected rounds = 0
  /** Where it was written last, and not answered. */
  #sent: Next | undefined
  /** Where it was to be written last. A `USE`, a new PREPARE or other requests may have to go first. */
  #entering: Next | undefined
  /** Where it was not answered in time. */
  #overdue: Next | undefined

  constructor(context: AttemptContext, done: Done) {
    super()
    this.context = context
    this.defaults = context.requestDefaults
    this.profile = noProfile
    this.#done = done
    context.awaited++
  }

  /** The statements that have to be prepared before it can be sent, each once. */
  abstract readonly texts: Iterable<PreparedText>
  /** Where the plan of its rows is kept. */
  protected abstract readonly keeper: KeepsPlan | undefined
  /** True if a sibling may be sent to another node before an answer comes. */
  protected abstract readonly isSpeculated: boolean
  /** The statement that its page states are of; undefined for a batch, which has none. */
  protected abstract readonly paged: Paged | undefined
  /** The text of a policy's plan. */
  protected abstract readonly planText: string
  /** Encodes the parameters. Prepares what is not prepared, and then begins again. */
  protected abstract bind(): "bound" | "waits" | Refused
  /** True if the parameters are encoded by the types that hold now. */
  protected abstract isCurrent(): boolean
  /** The bytes of the request, for a node. */
  protected abstract write(slot: Slot, host: string): Buffer

  get consistency(): number {
    return this.getConsistency()
  }

  get serialConsistency(): number | undefined {
    return this.getSerialConsistency()
  }

  get pageSize(): number | undefined {
    const size = this.getFetchSize()
    return size !== undefined && size > 0 ? size : undefined
  }

  abstract readonly pageState: Buffer | undefined

  get timestamp(): bigint | undefined {
    const { sentAt, timestamp } = this.request.options
    return timestamp ?? sentAt
  }

  get tracing(): boolean {
    return this.request.options.tracing
  }

  get payload(): RequestDefaults["payload"] {
    return this.defaults.payload
  }

  /** Ends the wait for an answer: the core has given the request up. Returns true if it was sent. */
  cancel(): boolean {
    const { requestTimeout } = this.request.options
    if (this.#waits && requestTimeout !== undefined && now() - this.#started >= requestTimeout) this.#timedOut()
    return this.abandon()
  }

  #timedOut(): void {
    const sent = this.#sent
    const owing = sent ?? this.#entering
    if (owing !== undefined) this.context.overdue.add(owing, this.request)
    // Only a request that was written can be answered later, which takes it back.
    if (sent === undefined) return
    this.#overdue = sent
    sent.connection.timedOutOperations++
    sent.host.checkHealth(sent.connection)
  }

  /** Abandons the request. A request on the wire cannot be recalled; another is never sent. Returns true if it was sent. */
  abandon(): boolean {
    if (this.#waits) this.context.awaited--
    this.#waits = false
    this.#stop()
    return this.#sent !== undefined
  }

  start(): void {
    if (isShuttingDown(this.context.client)) {
      return this.#finish(this.context.refused(clientShutDown(), this.request))
    }
    const profile = this.defaults.profile(this.request)
    if (profile === undefined) {
      const { executionProfile } = this.request.options
      const message = `Execution profile "${executionProfile}" not found`
      return this.#finish(this.context.refused(new Reason.ParametersRefused({ message }), this.request))
    }
    this.profile = profile
    this.proceed()
  }

  /** Binds, and sends if that is done. */
  protected proceed(): void {
    if (!this.#waits) return this.#finish(givenUp)
    const bound = this.bind()
    if (bound === "bound") this.#dispatch()
    else if (bound !== "waits") this.#finish(this.context.refused(bound, this.request))
  }

  /** Prepares statements, all at once, and goes on. */
  protected prepare(texts: Iterable<PreparedText>): void {
    this.rounds++
    // From now on it waits for any node that prepares.
    this.#entering = undefined
    const { prepared } = this.context
    prepareAll(
      new Set(texts),
      (text, waiting) => prepared.prepare(text, waiting),
      this.#waiting((failure) => this.#prepared(failure))
    )
  }

  #waiting(goOn: Waiting["ready"]): Waiting {
    return { isAwaited: () => this.#waits, ready: (failure) => this.#guarded(() => goOn(failure)) }
  }

  #prepared(failure: NotPrepared | undefined): void {
    if (!this.#waits) return this.#finish(givenUp)
    if (failure === undefined) return this.proceed()
    this.#finish(this.context.failed(failure.error, this.request, failure.where))
  }

  // The caller of the callback would handle a thrown error as its own: the statement would never end.
  #guarded(run: () => void): void {
    // Called for each request.
    try {
      run()
    } catch (defect) {
      this.#finish(Exit.die(defect))
    }
  }

  #dispatch(): void {
    Plan.make(this.context.client, this.profile, this.context.overdue, this, (plan, error) =>
      this.#guarded(() => {
        if (plan === undefined) return this.#stranded(error, "plan")
        this.#plan = plan
        const first = this.#sendToNext()
        if (first === undefined || !this.isSpeculated) return
        const { client, policyFailed } = this.context
        // A request that binds again has one chain of copies, not two.
        this.#stop()
        this.#stop = speculate(client, this.planText, first, () => this.#sendCopy(), policyFailed)
      }))
  }

  /** Sends a speculative execution. If there is no node for it, the other copies go on. */
  #sendCopy(): Next | undefined {
    const next = this.#waits ? this.#plan!.nextOfExtra() : undefined
    if (next === undefined) return undefined
    this.#copies++
    this.#underWay++
    this.#send(next)
    return next
  }

  /** Ends a copy that no node takes, and the request if it was the last copy. */
  #stranded(error: unknown, phase: "plan" | "execute"): void {
    if (--this.#underWay > 0) return
    this.#finish(this.context.failed(error, this.request, { phase, host: undefined, isWritten: false }))
  }

  #sendToNext(): Next | undefined {
    const plan = this.#plan!
    let next: Next | undefined
    // Policies are code of the user's as well.
    try {
      next = plan.next()
    } catch (error) {
      this.#stranded(error, "plan")
      return undefined
    }
    if (next === undefined) this.#stranded(new NoHost(plan.tried), "execute")
    else this.#send(next)
    return next
  }

  #send(next: Next): void {
    this.#entering = next
    enterKeyspace(this.context.client, next.connection, (error) => {
      if (!this.#waits) return this.#finish(givenUp)
      if (error === undefined) return new RequestFlight(this, next).sendOn(next.connection)
      this.#plan!.tried.set(next.host.address, error)
      this.#sendToNext()
    })
  }

  frame(slot: Slot, next: Next): Buffer | undefined {
    if (!this.#waits) return undefined
    if (!this.isCurrent()) {
      this.#isOutdated = true
      return undefined
    }
    const bytes = this.write(slot, next.host.address)
    this.#sent = next
    return bytes
  }

  broken(error: unknown, { isWritten, next }: RequestFlight): void {
    const { connection, host } = next
    if (isSocketError(error)) host.removeFromPool(connection)
    if (!this.#waits) return this.#finish(givenUp)
    if (isWritten) {
      const where: Where = { phase: "execute", host: host.address, isWritten }
      return this.#finish(this.context.failed(error, this.request, where))
    }
    if (error instanceof NotSent) {
      // Another copy binds again for both.
      if (!this.#isOutdated) return this.#stranded(new NoHost(this.#plan!.tried), "execute")
      this.#isOutdated = false
      // Values of old types are never sent.
      if (this.rounds < mostRounds) return this.#guarded(() => this.proceed())
      const where: Where = { phase: "prepare", host: host.address, isWritten: false }
      return this.#finish(this.context.failed(new StillChanging(), this.request, where))
    }
    if (!isSocketError(error)) {
      return this.#finish(
        this.context.failed(error, this.request, { phase: "execute", host: host.address, isWritten: false })
      )
    }
    this.#plan!.tried.set(host.address, undefined)
    this.#guarded(() => this.#sendToNext())
  }

  answered(answer: RawAnswer, { next }: RequestFlight): void {
    if (this.#overdue === next) next.connection.timedOutOperations--
    if (!this.#waits) return this.#finish(givenUp)
    // The driver calls from within its parser of the connection, which ends for all requests if this throws.
    try {
      if (answer.opcode === opcode.error) this.#errored(readError(answer, next.host.address), next)
      else this.#resulted(readResult(answer), next)
    } catch (error) {
      this.#finish(
        error instanceof Unreadable
          ? this.context.refused(error.reason, this.request)
          : this.context.failed(error, this.request, { phase: "read", host: next.host.address, isWritten: true })
      )
    }
  }

  #resulted(result: Result, next: Next): void {
    const { warnings } = result.extras
    if (warnings !== undefined) this.context.warned(warnings, next.host.address)
    if (result.kind !== resultKind.schemaChange) {
      const { conditional } = this.request
      const coordinator = withBrackets(next.host.address)
      const asked = { conditional, coordinator, consistency: this.consistency, copies: this.#copies }
      return this.#finish(Exit.succeed(toPage(result, asked, this.keeper, this.paged)))
    }
    const change = readSchemaChange(result.reader)
    const { consistency, request } = this
    const another = () => this.#plan?.nextOfExtra()
    const about = { result, next, another, started: this.#started, request, consistency }
    this.#stop = this.context.schemaChanged(change, about, (page) => this.#finish(Exit.succeed(page)))
  }

  #errored(error: ServerAnswer, next: Next): void {
    const { address } = next.host
    // A request without a prepared statement has nothing to prepare, whatever a server says of it.
    const texts = error.code === unprepared ? this.#forgotten(error, address) : undefined
    if (texts === undefined || texts.size === 0) {
      const where: Where = { phase: "execute", host: address, isWritten: true }
      const hasPageState = this.pageState !== undefined
      return this.#finish(this.context.failed(error, this.request, { ...where, hasPageState }))
    }
    // Nothing was executed. The node may have restarted, or have dropped the statement: its table changed, or its cache is full.
    this.#sent = undefined
    this.#entering = next
    this.rounds = 0
    const { prepared } = this.context
    prepareAll(
      texts,
      (text, waiting) => prepared.prepareOn(next, text, waiting),
      this.#waiting((failure) => this.#reprepared(next, failure))
    )
  }

  #forgotten(error: ServerAnswer, address: string): ReadonlySet<PreparedText> {
    this.#forgetful ??= new Forgetful()
    return this.#forgetful.toPrepare(error, address, new Set(this.texts))
  }

  #reprepared(next: Next, failure: NotPrepared | undefined): void {
    if (failure !== undefined) {
      if (!this.#waits || !isSocketError(failure.error)) return this.#prepared(failure)
      this.#plan!.tried.set(next.host.address, undefined)
      return void this.#sendToNext()
    }
    if (!this.#waits) return this.#finish(givenUp)
    this.rounds++
    const bound = this.isCurrent() ? "bound" : this.bind()
    if (bound === "bound") this.#send(next)
    else if (bound !== "waits") this.#finish(this.context.refused(bound, this.request))
  }

  #finish(exit: Exit.Exit<Page, CqlError>): void {
    const done = this.#done
    this.abandon()
    this.#done = settled
    done(exit)
  }
}

const unprepared = 0x2500

const noProfile: Profile = { name: "", loadBalancing: { newQueryPlan: () => {} } }
