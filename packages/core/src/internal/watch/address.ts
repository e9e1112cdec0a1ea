/** The port of nodes that name none. */
export const defaultPort = 9042

/** Splits `address:port`. An IPv6 address stands in brackets. */
export const addressOf = (node: string): { readonly address: string; readonly port: number } => {
  const colon = node.lastIndexOf(":")
  const port = Number(node.slice(colon + 1))
  return colon < 0 || !Number.isInteger(port)
    ? { address: node, port: defaultPort }
    : { address: node.slice(0, colon).replace(/^\[|\]$/g, ""), port }
}
