import { MockSession } from "@effect-cql/testing"
import { NodeServices } from "@effect/platform-node"
import { Duration, Effect, Layer } from "effect"
import { connect } from "node:net"
import { Archive } from "../src/app/Archive.ts"
import * as AppMigrations from "../src/app/migrations.ts"
import * as Server from "../src/app/server.ts"
const port = 34567
const rep = { datacenter1: 1 }
const Main = Server.layer({ port, drain: Duration.zero }).pipe(
  Layer.provide([
    AppMigrations.layer(rep).pipe(Layer.provide(MockSession.memory([]))),
    Archive.layer(rep).pipe(Layer.provide(MockSession.memory([])))
  ]),
  Layer.provide(NodeServices.layer)
)
const raw = (text: string | Buffer) =>
  new Promise<string>((resolve) => {
    const s = connect(port, "127.0.0.1")
    let out = ""
    s.on("data", (d) => out += d)
    s.on("close", () => resolve(out))
    s.on("error", (e) => resolve("ERR " + e.message))
    s.write(text)
    setTimeout(() => s.end(), 400)
  })
const req = async (method: string, path: string, body?: any, headers: any = { "content-type": "application/json" }) => {
  const r = await fetch(
    `http://127.0.0.1:${port}${path}`,
    {
      method,
      headers,
      body: body === undefined
        ? undefined
        : typeof body === "string" || body instanceof Uint8Array
        ? body
        : JSON.stringify(body)
    } as any
  ).catch((e) => ({ status: "ERR " + (e.cause?.message ?? e.message), text: async () => "" }))
  const t = await r.text()
  console.log(String(r.status).padEnd(4), method, path.slice(0, 90), "=>", t.slice(0, 220))
  return {
    status: r.status,
    json: (() => {
      try {
        return JSON.parse(t)
      } catch {
        return undefined
      }
    })() as any
  }
}
const program = Effect.promise(async () => {
  const a = (await req("POST", "/users", { email: "ada@x.y", name: "Ada" })).json
  const b = (await req("POST", "/users", { email: "bob@x.y", name: "Bob" })).json
  await req("POST", "/users", { email: "ada@x.y", name: "Ada" })
  const u = "/users/" + a.id
  const p = (await req("POST", u + "/posts", { text: "hi" })).json
  console.log("--- bad bodies")
  await req("POST", "/users")
  await req("POST", "/users", "")
  await req("POST", "/users", "{")
  await req("POST", "/users", "null")
  await req("POST", "/users", "[]")
  await req("POST", "/users", { email: "x" })
  await req("POST", "/users", { email: "a@b", name: "" })
  await req("POST", "/users", { email: "a@b", name: "x".repeat(101) })
  await req("POST", "/users", { email: "a".repeat(70000) + "@b", name: "n" })
  await req("POST", "/users", { email: "a".repeat(5_000_000) + "@b", name: "n" })
  await req("POST", "/users", { email: "\ud800@b", name: "n" })
  await req("POST", "/users", { email: "\u0000@b", name: "\u0000" })
  await req("POST", "/users", { email: "q@b", name: "n", id: a.id, extra: { __proto__: 1 } })
  await req("POST", "/users", "{\"email\":\"pp@b\",\"name\":\"n\",\"__proto__\":{\"id\":\"x\"}}")
  await req("POST", "/users", "email=a%40b&name=x", { "content-type": "application/x-www-form-urlencoded" })
  await req("POST", "/users", "{\"email\":\"ct@b\",\"name\":\"n\"}", { "content-type": "text/plain" })
  await req("POST", "/users", new Uint8Array([0xff, 0xfe, 0x7b]), { "content-type": "application/json" })
  await req("POST", "/users", "x".repeat(50_000_000))
  await req("POST", u + "/posts", { text: "x".repeat(1001) })
  await req("POST", u + "/posts", { text: "\ud83d" })
  await req("POST", u + "/posts", { text: "🎉".repeat(500) })
  await req("POST", u + "/posts", { text: 5 })
  console.log("--- bad paths")
  await req("GET", "/users/nope")
  await req("GET", "/users/%zz")
  await req("GET", "/users/%00")
  await req("GET", "/users/%FF")
  await req("GET", "/%zz")
  await req("GET", "/users/" + a.id.toUpperCase())
  await req("GET", "/users/" + a.id + "/")
  await req("GET", "//users")
  await req("GET", "/users/00000000-0000-0000-0000-000000000000")
  await req("GET", "/users/" + a.id + "/posts?size=0")
  await req("GET", "/users/" + a.id + "/posts?size=101")
  await req("GET", "/users/" + a.id + "/posts?size=1.5")
  await req("GET", "/users/" + a.id + "/posts?size=abc")
  await req("GET", "/users/" + a.id + "/posts?size=")
  await req("GET", "/users/" + a.id + "/posts?size=1&size=2")
  await req("GET", "/users/" + a.id + "/posts?size=%zz")
  await req("GET", "/users/" + a.id + "/posts?size=1e1")
  await req("GET", "/users/" + a.id + "/posts?size=0x10")
  await req("GET", "/users/" + a.id + "/posts?cursor=garbage")
  await req("GET", "/users/" + a.id + "/posts?cursor=")
  await req("GET", "/users/" + a.id + "/posts?cursor=" + a.id)
  await req("GET", "/users/" + a.id + "/posts?cursor=" + p.id.toUpperCase())
  await req("GET", "/users/" + a.id + "/posts?cursor=" + p.id + "&cursor=" + p.id)
  await req("GET", "/users/" + a.id + "/feed?cursor=00000000-0000-1000-8000-000000000000")
  await req("GET", "/users/" + a.id + "/posts?cursor=ffffffff-ffff-1fff-bfff-ffffffffffff")
  await req("GET", "/users/" + a.id + "/posts?unknown=1")
  await req("POST", `/users/${a.id}/posts/${a.id}/likes`)
  await req("POST", `/users/${b.id}/posts/${p.id}/likes`)
  await req("POST", `/users/${a.id}/posts/${p.id}/likes`, "garbage{")
  await req("DELETE", `/users/${b.id}/posts/${p.id}`)
  await req("PUT", `/users/${a.id}/followers/${a.id}`)
  await req("PUT", `/users/${a.id}/followers/00000000-0000-4000-8000-000000000000`)
  await req("GET", "/nope")
  await req("PATCH", "/users")
  await req("POST", "/alive")
  await req("HEAD", "/alive")
  await req("OPTIONS", "/users")
  console.log("--- raw")
  console.log((await raw("GET /users/\u0001 HTTP/1.1\r\nhost: x\r\n\r\n")).split("\r\n")[0])
  console.log((await raw("GET http://evil/users/x HTTP/1.1\r\nhost: x\r\n\r\n")).split("\r\n")[0])
  console.log((await raw("GET * HTTP/1.1\r\nhost: x\r\n\r\n")).split("\r\n")[0])
  console.log((await raw("GET /alive HTTP/1.1\r\n\r\n")).split("\r\n")[0])
  console.log((await raw("GET /users/" + "a".repeat(20000) + " HTTP/1.1\r\nhost: x\r\n\r\n")).split("\r\n")[0])
  console.log(
    (await raw(
      "POST /users HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"email\""
    )).split("\r\n")[0]
  )
  console.log((await raw("GET /alive HTTP/1.1\r\nhost: [::\r\n\r\n")).split("\r\n")[0])
  console.log((await raw("GET //// HTTP/1.1\r\nhost: a b\r\n\r\n")).split("\r\n")[0])
  console.log("--- race")
  const rs = await Promise.all(
    Array.from({ length: 20 }, () =>
      fetch(`http://127.0.0.1:${port}/users`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ email: "race@x", name: "r" })
      }).then((r) => r.status))
  )
  console.log(rs.join())
})
await Effect.runPromise(Effect.scoped(Effect.andThen(Layer.build(Main), program)) as any)
process.exit(0)
