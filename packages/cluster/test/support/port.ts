/** Sessions in front of a session: each request passes a gate, as if the network or the process failed there. */
import { Batch, CqlError, Session, Statement } from "@effect-cql/core"
import type { Page, PageState, Request } from "@effect-cql/core/Port"
import { textOf } from "@effect-cql/core/Port"
import { Effect, Layer } from "effect"

/** Executes a request of one session on another one. */
const executeOn = (
  server: Session["Service"],
  request: Request,
  pageState: PageState | undefined
): Effect.Effect<Page, CqlError> => {
  const { consistency, idempotent, pageSize, requestTimeout, serialConsistency, timestamp } = request.options
  const options = {
    consistency,
    idempotent,
    pageSize,
    requestTimeout,
    serialConsistency,
    timestamp,
    retry: "none" as const
  }
  const statement = request._tag === "Statement"
    ? Statement.make(request.text, request.params, options)
    : Batch.make(request.statements.map(({ params, text }) => Statement.make(text, params)), {
      type: request.type,
      ...options
    })
  return server.executePage(statement, pageState).pipe(
    Effect.map(({ pageState, result }) => ({ rows: result.rows, pageState, wasApplied: result.wasApplied })),
    Effect.mapError(({ reason }) => new CqlError({ reason, query: textOf(request) }))
  )
}

/** Sends a request to a server. */
export type Send = (request: Request) => Effect.Effect<Page, CqlError>

/** A gate of requests: it sends a request on, or does not. */
export type Gate = (request: Request, send: Send) => Effect.Effect<Page, CqlError>

/** The session of the context, behind a gate. */
export const gated = (gate: Gate): Layer.Layer<Session, never, Session> =>
  Layer.effect(
    Session,
    Effect.flatMap(Session, (server) =>
      Session.make({
        closeTimeout: 0,
        metrics: false,
        spans: false,
        defaults: server.defaults,
        ring: server.ring,
        execute: (request, pageState) => gate(request, (request) => executeOn(server, request, pageState))
      }))
  )
