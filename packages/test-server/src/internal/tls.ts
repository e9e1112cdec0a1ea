import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type { Java } from "./java.ts"
import type { Platform } from "./platform.ts"

/** A private key for the server, and the certificate that clients have to trust. */
export interface Identity {
  readonly keyStore: { readonly path: string; readonly password: string }
  /** In PEM. */
  readonly certificate: string
}

/** The key guards a server on this machine alone, for the time of a test. */
const password = "effect-cql"

/** Makes a self-signed identity for these addresses with the `keytool` of the Java runtime. */
export const makeIdentity = Effect.fnUntraced(function*(
  { keytool }: Java,
  directory: string,
  hosts: ReadonlyArray<string>
): Effect.fn.Return<Identity, PlatformError.PlatformError, Platform> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const spawner = yield* ChildProcessSpawner
  const keyStore = { path: path.join(directory, "keystore.p12"), password }
  const certificate = path.join(directory, "certificate.pem")
  const store = ["-keystore", keyStore.path, "-storetype", "PKCS12", "-storepass", password, "-alias", "server"]
  const names = hosts.map((host) => `ip:${host}`).join(",")
  const key = ["-keypass", password, "-keyalg", "RSA", "-keysize", "2048", "-validity", "30"]
  const subject = ["-dname", "CN=effect-cql", "-ext", `san=${names}`]
  yield* spawner.string(ChildProcess.make(keytool, ["-genkeypair", ...store, ...key, ...subject]))
  yield* spawner.string(ChildProcess.make(keytool, ["-exportcert", "-rfc", ...store, "-file", certificate]))
  return { keyStore, certificate: yield* fs.readFileString(certificate) }
})
