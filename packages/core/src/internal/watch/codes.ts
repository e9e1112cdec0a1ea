/**
 * The codes of the protocol for the reasons that a server gives.
 */
import type { Reason } from "../../Reason.ts"

const codes: { readonly [Tag in Reason["_tag"]]: string | undefined } = {
  ServerError: "0x0000",
  ProtocolError: "0x000A",
  AuthenticationFailed: "0x0100",
  Unavailable: "0x1000",
  Overloaded: "0x1001",
  IsBootstrapping: "0x1002",
  TruncateError: "0x1003",
  WriteTimeout: "0x1100",
  ReadTimeout: "0x1200",
  ReadFailure: "0x1300",
  FunctionFailure: "0x1400",
  WriteFailure: "0x1500",
  CdcWriteFailure: "0x1600",
  CasWriteUnknown: "0x1700",
  SyntaxError: "0x2000",
  Unauthorized: "0x2100",
  InvalidQuery: "0x2200",
  ConfigError: "0x2300",
  AlreadyExists: "0x2400",
  Unprepared: "0x2500",
  RequestTimeout: undefined,
  ConnectionClosed: undefined,
  Busy: undefined,
  NoHostAvailable: undefined,
  ParametersRefused: undefined,
  RowDecoding: undefined,
  InvalidPageState: undefined,
  SessionClosed: undefined,
  ConnectFailed: undefined,
  UnknownError: undefined
}

const byTag: Readonly<Record<string, string | undefined>> = codes

/** The code of the protocol error; undefined where the client raised the error. */
export const codeOf = (reason: Reason): string | undefined => byTag[reason._tag]

/** The `error.type` of a reason: its tag, unless that is one of a later version. */
export const typeOf = ({ _tag }: Reason): string => Object.hasOwn(codes, _tag) ? _tag : "_OTHER"

/** The node that a reason names, as `address:port`. */
export const nodeOf = (reason: Reason): string | undefined =>
  reason.coordinator ?? ("host" in reason ? reason.host : undefined)
