/**
 * Makes spans from plain callbacks, as `Effect.withSpan` makes them in a fiber: same tracer, parent, annotations and links.
 *
 * A tracer is foreign code: if it throws, this is logged once, and no statement or run fails because of it.
 */
import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type { SessionState } from "../session/state.ts"

const noAnnotations = Context.empty()

export class Tracing {
  readonly #session: SessionState
  readonly #context: Context.Context<never>
  readonly #tracer: Tracer.Tracer
  readonly #parent: Option.Option<Tracer.AnySpan>
  readonly #annotations: Readonly<Record<string, unknown>>
  readonly #links: ReadonlyArray<Tracer.SpanLink>
  readonly #sampled: boolean
  readonly #isTimed: boolean

  private constructor(session: SessionState, context: Context.Context<never>) {
    this.#session = session
    this.#context = context
    this.#tracer = Context.get(context, Tracer.Tracer)
    this.#parent = propagating(Context.getOption(context, Tracer.ParentSpan))
    this.#annotations = Context.get(context, References.TracerSpanAnnotations)
    this.#links = Context.get(context, References.TracerSpanLinks)
    this.#sampled = !(Option.isSome(this.#parent) && !this.#parent.value.sampled) && LogLevel.isGreaterThanOrEqualTo(
      Context.get(context, Tracer.CurrentTraceLevel),
      Context.get(context, Tracer.MinimumTraceLevel)
    )
    this.#isTimed = Context.get(context, References.TracerTimingEnabled)
  }

  /** The tracing of a context; undefined where it is turned off. */
  static of(session: SessionState, context: Context.Context<never>): Tracing | undefined {
    return Context.get(context, References.TracerEnabled) ? new Tracing(session, context) : undefined
  }

  /** True for the context that this was made of. */
  serves(context: Context.Context<never>): boolean {
    return this.#context === context
  }

  #time(nanos: bigint): bigint {
    return this.#isTimed ? nanos : 0n
  }

  /** Begins a span at a time, in nanoseconds since the epoch. Undefined if the tracer makes none. */
  begin(name: string, kind: Tracer.SpanKind, startTime: bigint): Tracer.Span | undefined {
    // Plainly caught, as below: an Effect for each attribute would cost more than the span.
    try {
      const span = this.#tracer.span({
        name,
        parent: this.#parent,
        annotations: noAnnotations,
        links: this.#links.slice(),
        startTime: this.#time(startTime),
        kind,
        root: false,
        sampled: this.#sampled
      })
      for (const key in this.#annotations) span.attribute(key, this.#annotations[key])
      return span
    } catch (defect) {
      this.#failed(defect)
      return undefined
    }
  }

  // Attributes and events of a span that is not sampled would be seen by nothing.

  attribute(span: Tracer.Span, key: string, value: unknown): void {
    if (!span.sampled) return
    // The same.
    try {
      span.attribute(key, value)
    } catch (defect) {
      this.#failed(defect)
    }
  }

  event(span: Tracer.Span, name: string, at: bigint, attributes: Record<string, unknown>): void {
    if (!span.sampled) return
    // The same.
    try {
      span.event(name, this.#time(at), attributes)
    } catch (defect) {
      this.#failed(defect)
    }
  }

  end(span: Tracer.Span, exit: Exit.Exit<unknown, unknown>, at: bigint): void {
    // The same.
    try {
      if (span.status._tag === "Started") span.end(this.#time(at), exit)
    } catch (defect) {
      this.#failed(defect)
    }
  }

  #failed(defect: unknown): void {
    this.#session.warnOnce("the tracer failed: spans are missing or not complete", defect)
  }
}

const propagating = (parent: Option.Option<Tracer.AnySpan>): Option.Option<Tracer.AnySpan> => {
  if (Option.isNone(parent) || !Context.get(parent.value.annotations, Tracer.DisablePropagation)) return parent
  return parent.value._tag === "Span" ? propagating(parent.value.parent) : Option.none()
}
