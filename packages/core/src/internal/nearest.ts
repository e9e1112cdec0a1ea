/** The name that most resembles another: one that begins like it, or takes the fewest changes. */
export const nearest = (name: string, names: ReadonlyArray<string>): string => {
  const given = name.toLowerCase()
  const distance = (other: string): number => {
    const known = other.toLowerCase()
    return given === known ? -1 : given.startsWith(known) ? 0 : changes(given, known)
  }
  return names.reduce((best, other) => distance(other) < distance(best) ? other : best)
}

/** Letters to insert, delete or replace in order to get from one text to the other. */
const changes = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
