import { Effect } from "effect"
import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { type AddressInfo, connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createServer } from "node:tls"

/** A certificate that signs itself, and its key, in PEM. */
export interface Identity {
  readonly certificate: string
  readonly key: string
}

/** Makes an identity for 127.0.0.1, or for another name, with the `openssl` of this machine. */
export const makeIdentity = (name: string, altName = "IP:127.0.0.1"): Effect.Effect<Identity> =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "effect-cql-identity-"))),
    (directory) =>
      Effect.promise(async () => {
        const [certificate, key] = [join(directory, "certificate.pem"), join(directory, "key.pem")]
        const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${altName}`, "-days", "2"]
        const files = ["-keyout", key, "-out", certificate]
        const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...files, ...subject]
        await new Promise<void>((resolve, reject) => {
          execFile("openssl", args, (error) => error === null ? resolve() : reject(error))
        })
        return { certificate: await readFile(certificate, "utf8"), key: await readFile(key, "utf8") }
      }),
    (directory) => Effect.promise(() => rm(directory, { recursive: true, force: true }))
  )

/** Ends TLS in front of a server; of clients it asks for this certificate, where one is given. */
export const tlsProxyTo = (target: string, server: Identity, client?: Identity) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly address: string; readonly close: Effect.Effect<void> }>((resume) => {
        const separator = target.lastIndexOf(":")
        const upstream = { host: target.slice(0, separator), port: Number(target.slice(separator + 1)) }
        const sockets = new Set<{ readonly destroy: () => void }>()
        const trust = client && { ca: client.certificate, requestCert: true, rejectUnauthorized: true }
        const proxy = createServer({ cert: server.certificate, key: server.key, ...trust }, (socket) => {
          const plain = connect(upstream)
          const end = () => {
            plain.destroy()
            socket.destroy()
          }
          for (const each of [plain, socket]) sockets.add(each.on("error", end).on("close", end))
          socket.pipe(plain).pipe(socket)
        })
        proxy.listen({ host: "127.0.0.1", port: 0 }, () => {
          const { port } = proxy.address() as AddressInfo
          resume(Effect.succeed({
            address: `127.0.0.1:${port}`,
            close: Effect.callback<void>((resume) => {
              proxy.close(() => resume(Effect.void))
              sockets.forEach((socket) => socket.destroy())
            })
          }))
        })
      }),
      ({ close }) => close
    ),
    ({ address }) => address
  )
