/** Ports for the processes of a test. */
import { Effect } from "effect"
import { createServer } from "node:net"

/** A port of this machine that is free now. */
export const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})
