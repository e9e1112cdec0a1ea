/** Where a server listens. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** The default port of CQL servers. */
export const defaultPort = 9042

/** Reads `host`, `host:port`, `[v6]:port` or a bare IPv6 address; `undefined` for what is none of them. */
export const parse = (text: string): Endpoint | undefined => {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+))(?::(\d{1,5}))?$/.exec(text)
  const host = match?.[1] ?? match?.[2] ?? (/^[0-9a-f]*:[0-9a-f:.]+$/i.test(text) ? text : undefined)
  if (host === undefined) return undefined
  const port = match?.[3] === undefined ? defaultPort : Number(match[3])
  return port >= 1 && port <= 65535 ? { host, port } : undefined
}

/** The form that drivers take as a contact point. */
export const format = ({ host, port }: Endpoint): string => host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
