/**
 * A base for errors that are made by the million.
 *
 * To everybody who asks it is an `Error`, and an effect that fails with itself. But it is made without the constructor of
 * `Error`, whose look at the stack costs more than the statement that failed, even where it is set to keep no frames.
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
