/** The list of runners. */
import type { Row } from "./store.ts"

/**
 * The runners that are alive, each with its health: once each, although a process and its successor at the same address can be
 * listed at the same time.
 */
export const listed = (
  rows: ReadonlyArray<Row>,
  isVoid: (address: string) => boolean
): Array<readonly [runner: string, healthy: boolean]> => {
  const runners = new Map<string, readonly [runner: string, healthy: boolean]>()
  for (const { address, healthy, runner } of rows) {
    if (typeof runner !== "string" || typeof address !== "string" || isVoid(address)) continue
    runners.set(address, [runner, healthy !== false || runners.get(address)?.[1] === true])
  }
  return [...runners.values()]
}
