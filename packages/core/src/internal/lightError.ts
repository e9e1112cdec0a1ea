/**
 * A base for errors that are made by the million.
 *
 * It is an instance of `Error`, and an effect that fails with itself, but is made without the constructor of `Error`. That
 * constructor inspects the stack, which costs more than the failed statement, even if no frames are kept. Only the
 * constructor makes a native error: `Error.isError` and `isNativeError` of `node:util` return false for a light error.
 * Use `instanceof Error`, or a guard such as `isCqlError`.
 */
import * as Data from "effect/Data"

type LightError = new() => InstanceType<typeof Data.Error<{}>>

function Light(): void {}
Light.prototype = Object.create(Data.Error.prototype, {
  // Text for printers of errors: one line, because there are no frames.
  stack: {
    get(this: object): string {
      return String(this)
    },
    configurable: true
  }
})

export const LightError = Light as unknown as LightError
