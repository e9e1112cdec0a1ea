import * as Config from "effect/Config"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** A text from the environment; an empty one counts as absent, as in a shell. */
export const optionalText = (name: string): Config.Config<Option.Option<string>> =>
  Config.map(Config.option(Config.String(name)), Option.filter((text) => text.trim() !== ""))

/** The same for what must not be shown. */
export const optionalSecret = (name: string): Config.Config<Option.Option<Redacted.Redacted>> =>
  Config.map(Config.option(Config.Redacted(name)), Option.filter((secret) => Redacted.value(secret) !== ""))
