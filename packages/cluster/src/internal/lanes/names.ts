/**
 * The names of singletons, one for each shard.
 */
import * as EntityId from "effect/cluster/EntityId"
import type { Sharding } from "effect/cluster/Sharding"

/**
 * Names that hash to the shards 1 to `shards`, in their order. Effect puts a singleton into the shard of its name. The search is
 * the same in every process: the first name that hashes to a shard.
 */
export const laneNames = (
  { getShardId }: Pick<Sharding["Service"], "getShardId">,
  name: string,
  shards: number
): ReadonlyArray<string> => {
  const names = new Array<string | undefined>(shards)
  for (let found = 0, tried = 0; found < shards; tried++) {
    const candidate = `${name}/${tried}`
    const { id } = getShardId(EntityId.make(candidate), "default")
    if (names[id - 1] !== undefined) continue
    names[id - 1] = candidate
    found++
  }
  return names.map((name) => name ?? "")
}
