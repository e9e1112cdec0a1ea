// Loaded before a doc example: `console.assert` only prints, here it ends the example.
console.assert = (condition?: boolean, ...about: Array<unknown>): void => {
  if (condition !== true) throw new Error(`console.assert: ${about.join(" ")}`)
}
