import type { Request } from "../../Port.ts"

/** The CQL text of a request, without values; of a batch the texts of its statements, joined by `; `. */
export const textOf = (request: Request): string =>
  request._tag === "Statement" ? request.text : request.statements.map(({ text }) => text).join("; ")
