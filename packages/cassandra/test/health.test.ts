import { assert, describe, it } from "@effect/vitest"
import type { Client } from "cassandra-driver"
import { EventEmitter } from "node:events"
import { healthOf } from "../src/internal/driver/health.ts"

/** A client with these hosts. It has only the members that the health of a session reads. */
const clientOf = (hosts: Map<string, object>) =>
  Object.assign(new EventEmitter(), {
    controlConnection: new EventEmitter(),
    hosts: { values: () => [...hosts.values()], get: (address: string) => hosts.get(address) },
    getState: () => ({ getOpenConnections: () => 2, getInFlightQueries: () => 1 })
  })

const hostOf = (address: string, hostId: unknown, datacenter: string | null = "dc1") => ({
  address,
  hostId,
  datacenter,
  isUp: () => true
})

const healthOver = (hosts: ReadonlyArray<ReturnType<typeof hostOf>>) => {
  const map = new Map<string, ReturnType<typeof hostOf>>(hosts.map((host) => [host.address, host]))
  const client = clientOf(map)
  return { map, client, health: healthOf(client as unknown as Client) }
}

describe("the health of a client", () => {
  it("gives the nodes as a session names them", () => {
    const { health } = healthOver([hostOf("10.0.0.1:9042", "a"), hostOf("::1:9043", "b")])
    assert.deepStrictEqual(health.nodes().map(({ address }) => address), ["10.0.0.1:9042", "[::1]:9043"])
    assert.deepStrictEqual(health.node("10.0.0.1:9042"), { id: "a", dataCenter: "dc1" })
    assert.deepStrictEqual(health.node("[::1]:9043"), { id: "b", dataCenter: "dc1" })
    assert.isUndefined(health.node("10.0.0.2:9042"))
  })

  it("follows a node that was replaced at its address, that moved, or that left", () => {
    const first = hostOf("10.0.0.1:9042", "a")
    const { health, map } = healthOver([first])
    assert.strictEqual(health.node("10.0.0.1:9042")?.id, "a")
    // As the driver does when it reads its peers again.
    first.hostId = "b"
    assert.strictEqual(health.node("10.0.0.1:9042")?.id, "b")
    map.set("10.0.0.1:9042", hostOf("10.0.0.1:9042", "c", "dc2"))
    assert.deepStrictEqual(health.node("10.0.0.1:9042"), { id: "c", dataCenter: "dc2" })
    map.delete("10.0.0.1:9042")
    assert.isUndefined(health.node("10.0.0.1:9042"))
    map.set("10.0.0.1:9042", hostOf("10.0.0.1:9042", null, null))
    assert.deepStrictEqual(health.node("10.0.0.1:9042"), { id: undefined, dataCenter: undefined })
  })

  it("makes a node once, whose id takes long to print", () => {
    let printed = 0
    const id = { toString: () => `id ${++printed}` }
    const { health } = healthOver([hostOf("10.0.0.1:9042", id)])
    assert.strictEqual(health.node("10.0.0.1:9042"), health.node("10.0.0.1:9042"))
    assert.strictEqual(printed, 1)
  })

  it("reports the events of the driver until it is asked to stop", () => {
    const { client, health } = healthOver([])
    const seen: Array<string> = []
    const stop = health.onEvent((event) => seen.push(event))
    for (const event of ["hostUp", "hostDown", "hostAdd", "hostRemove"]) client.emit(event)
    client.controlConnection.emit("newConnection", null)
    client.controlConnection.emit("newConnection", new Error("lost"))
    stop()
    client.emit("hostUp")
    client.controlConnection.emit("newConnection", null)
    assert.deepStrictEqual(seen, [
      "node_up",
      "node_down",
      "node_added",
      "node_removed",
      "control_connected",
      "control_lost"
    ])
  })
})
