/**
 * The TLS options of a client. Certificates are always verified, with any other options.
 */
import { InvalidOptions } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Redacted from "effect/Redacted"
import { createPrivateKey, X509Certificate } from "node:crypto"
import { checkServerIdentity, type ConnectionOptions, createSecureContext } from "node:tls"
import type { Tls } from "../../Options.ts"

// Each of them would verify another name, another peer or nothing.
const refused: Readonly<Record<string, string>> = {
  servername: "tls.serverName",
  checkServerIdentity: "tls.serverName, which verifies the name that you give for each address",
  secureContext: "tls.ca, tls.certificate and tls.privateKey",
  pskCallback: "certificates: tls.ca",
  host: "contactPoints",
  port: "contactPoints",
  path: "contactPoints",
  socket: "contactPoints"
}

/** The TLS options of the driver. Absent where connections are not encrypted. */
export const tlsOptions = (
  tls: boolean | Tls | null | undefined,
  sslOptions: ConnectionOptions | undefined
): ConnectionOptions | undefined => {
  if (tls === undefined || tls === null || tls === false) {
    if (sslOptions === undefined) return undefined
    // The driver would trust anybody.
    const expected = "true or TLS options in addition to clientOptions.sslOptions, so that certificates are verified"
    throw new InvalidOptions({ option: "tls", value: tls, expected })
  }
  if (tls !== true && typeof tls !== "object") {
    throw new InvalidOptions({ option: "tls", value: tls, expected: "true, false or a Tls" })
  }
  checkSslOptions(sslOptions)
  if (tls !== true) Check.values(tls, ofTls, "tls.")
  const { ca, certificate, dangerouslyAcceptAnyCertificate, privateKey, serverName } = tls === true ? {} : tls
  const key = privateKey === undefined ? undefined : secretOf("tls.privateKey", privateKey)
  checkIdentity(certificate, key, sslOptions?.passphrase)
  if (ca !== undefined) {
    ;[ca].flat().forEach((each) => checkReadable("tls.ca", () => new X509Certificate(each), certificates))
  }
  return {
    ...sslOptions,
    // The driver accepts any certificate unless this is set.
    rejectUnauthorized: dangerouslyAcceptAnyCertificate !== true,
    ...(ca === undefined ? undefined : { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(certificate === undefined ? undefined : { cert: certificate }),
    ...(key === undefined ? undefined : { key }),
    ...nameOptions(serverName)
  }
}

const certificates = "certificates in PEM: a text, or an array of texts"

/** Checks the certificate of the client and its key. A connection would fail with an error that names neither. */
const checkIdentity = (
  cert: string | undefined,
  key: string | undefined,
  passphrase: string | undefined
): void => {
  if (cert !== undefined) checkReadable("tls.certificate", () => createSecureContext({ cert }), "a certificate in PEM")
  if (key !== undefined) {
    const readKey = () => createPrivateKey({ key, passphrase })
    checkReadable("tls.privateKey", readKey, "a private key in PEM; clientOptions.sslOptions.passphrase decrypts it")
  }
  if (cert === undefined || key === undefined) return
  const readBoth = () => createSecureContext({ cert, key, passphrase })
  checkReadable("tls.privateKey", readBoth, "the private key of tls.certificate")
}

/** Throws `InvalidOptions` if a text cannot be read. The text may be a secret, and is not included. */
const checkReadable = (option: string, read: () => unknown, expected: string): void => {
  // Options are checked without an Effect.
  try {
    read()
  } catch (error) {
    const code: unknown = error instanceof Error && "code" in error ? error.code : undefined
    const why = typeof code === "string" ? ` (${code})` : ""
    throw new InvalidOptions({ option, given: `a text that does not fit${why}`, expected })
  }
}

const ofTls = {
  ca: Check.rule(
    certificates,
    (value) => typeof value === "string" || (Array.isArray(value) && value.every((each) => typeof each === "string"))
  ),
  certificate: Check.text,
  dangerouslyAcceptAnyCertificate: Check.boolean
}

const checkSslOptions = (sslOptions: unknown): void => {
  if (sslOptions === undefined || sslOptions === null) return
  if (typeof sslOptions !== "object") {
    throw new InvalidOptions({
      option: "clientOptions.sslOptions",
      value: sslOptions,
      expected: "an object of TLS options, such as { minVersion: \"TLSv1.3\" }"
    })
  }
  for (const [name, value] of Object.entries(sslOptions)) {
    const instead = Object.hasOwn(refused, name) ? refused[name] : undefined
    if (value === undefined || instead === undefined) continue
    throw new InvalidOptions({ option: `clientOptions.sslOptions.${name}`, value, expected: `none; use ${instead}` })
  }
}

const nameOptions = (serverName: Tls["serverName"]): ConnectionOptions => {
  if (serverName === undefined) return {}
  if (typeof serverName === "string") return { servername: serverName }
  if (typeof serverName !== "function") {
    throw new InvalidOptions({
      option: "tls.serverName",
      value: serverName,
      expected: "a name, or a function from the address of a node to the name in its certificate"
    })
  }
  // Node.js passes the address that was dialled where no `servername` is set.
  return {
    checkServerIdentity: (address, certificate) => {
      // An error that is thrown here would end the process.
      try {
        const name: unknown = serverName(address)
        return checkServerIdentity(typeof name === "string" && name !== "" ? name : address, certificate)
      } catch (error) {
        return new Error(`tls.serverName failed for ${address}: ${String(error)}`)
      }
    }
  }
}

/** The text of a redacted value. Throws `InvalidOptions` for a plain text, without including it. */
export const secretOf = (option: string, secret: Redacted.Redacted): string => {
  if (Redacted.isRedacted(secret)) return Redacted.value(secret)
  throw new InvalidOptions({
    option,
    given: typeof secret === "string" ? "a plain string" : "what is not Redacted",
    expected: "a Redacted: Redacted.make(...)"
  })
}
