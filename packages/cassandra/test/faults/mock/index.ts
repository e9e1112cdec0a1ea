/** The faults that mock sessions make, on the virtual clock. */
import type { Fault } from "../fault.ts"
import { clocks } from "./clocks.ts"
import { errors } from "./errors.ts"
import { interrupts } from "./interrupts.ts"
import { pages } from "./pages.ts"
import { scale } from "./scale.ts"
import { sessions } from "./sessions.ts"
import { sources } from "./sources.ts"

export const mocked: ReadonlyArray<Fault> = [
  ...errors,
  ...sessions,
  ...sources,
  ...interrupts,
  ...pages,
  ...clocks,
  ...scale
]
