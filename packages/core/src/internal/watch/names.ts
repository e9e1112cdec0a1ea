/**
 * The names of the open sessions of a process.
 *
 * A number is free again when its session has closed: a program that opens one session after another must not add series to
 * its metrics each time.
 */

const taken = new Map<string, number>()

/** The name that was given, or the lowest free number. */
export const takeName = (given: string | undefined): string => {
  const name = given ?? lowestFree()
  taken.set(name, (taken.get(name) ?? 0) + 1)
  return name
}

export const giveBackName = (name: string): void => {
  const left = (taken.get(name) ?? 0) - 1
  if (left > 0) taken.set(name, left)
  else taken.delete(name)
}

const lowestFree = (): string => {
  for (let number = 1;; number++) if (!taken.has(String(number))) return String(number)
}
