/**
 * Makes spans from plain callbacks, as `Effect.withSpan` makes them in a fiber: same tracer, parent, annotations and links.
 */
import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"

const noAnnotations = Context.empty()

export class Tracing {
  readonly #tracer: Tracer.Tracer
  readonly #parent: Option.Option<Tracer.AnySpan>
  readonly #annotations: Readonly<Record<string, unknown>>
  readonly #links: ReadonlyArray<Tracer.SpanLink>
  readonly #sampled: boolean
  readonly #isTimed: boolean

  private constructor(context: Context.Context<never>) {
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
  static of(context: Context.Context<never>): Tracing | undefined {
    return Context.get(context, References.TracerEnabled) ? new Tracing(context) : undefined
  }

  #time(nanos: bigint): bigint {
    return this.#isTimed ? nanos : 0n
  }

  /** Begins a span at a time, in nanoseconds since the epoch. */
  begin(name: string, kind: Tracer.SpanKind, startTime: bigint): Tracer.Span {
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
  }

  event(span: Tracer.Span, name: string, at: bigint, attributes: Record<string, unknown>): void {
    span.event(name, this.#time(at), attributes)
  }

  end(span: Tracer.Span, exit: Exit.Exit<unknown, unknown>, at: bigint): void {
    if (span.status._tag === "Started") span.end(this.#time(at), exit)
  }
}

const propagating = (parent: Option.Option<Tracer.AnySpan>): Option.Option<Tracer.AnySpan> => {
  if (Option.isNone(parent) || !Context.get(parent.value.annotations, Tracer.DisablePropagation)) return parent
  return parent.value._tag === "Span" ? propagating(parent.value.parent) : Option.none()
}
