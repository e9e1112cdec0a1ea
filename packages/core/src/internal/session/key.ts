/**
 * The key of the session in a context, apart from its class: a statement asks for the session, and what makes a session
 * knows statements.
 */
import * as Context from "effect/Context"
import type { Service, Session } from "../../Session.ts"

export const SessionKey: Context.ServiceClass<Session, "@effect-cql/core/Session", Service> = Context.Service<
  Session,
  Service
>()("@effect-cql/core/Session")
