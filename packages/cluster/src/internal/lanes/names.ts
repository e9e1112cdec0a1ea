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
  const names = new Map<number, string>()
  for (let tried = 0; names.size < shards; tried++) {
    const candidate = `${name}/${tried}`
    const { id } = getShardId(EntityId.make(candidate), "default")
    if (!names.has(id)) names.set(id, candidate)
  }
  return Array.from({ length: shards }, (_, lane) => names.get(lane + 1) ?? "")
}
