/**
 * Replaces methods of the driver's objects, and records what is not there to be replaced.
 *
 * Only objects of a client that the adapter opened are changed, each object by itself: classes of the driver, and with
 * them the clients of other code, stay as they are.
 */

/** The methods that a release of the driver lacks. */
export class Overrides {
  readonly missing = new Set<string>()

  /** Replaces a method of one object by what `make` returns for the original, which is bound to the object. */
  method<Target extends object, Name extends keyof Target & string>(
    target: Target,
    name: Name,
    make: (original: NonNullable<Target[Name]>) => NonNullable<Target[Name]>
  ): void {
    const original = target[name]
    if (typeof original !== "function") {
      this.missing.add(name)
      return
    }
    target[name] = make(original.bind(target))
  }
}
