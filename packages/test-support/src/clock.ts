/** Clocks whose wall time is wrong. */
import { type Clock, Effect } from "effect"

/** A clock whose wall time is some milliseconds ahead of another one's. Its monotonic time is the same. */
export const ahead = (clock: Clock.Clock, offset: () => number): Clock.Clock => {
  const millis = () => clock.currentTimeMillisUnsafe() + offset()
  const nanos = () => clock.currentTimeNanosUnsafe() + BigInt(offset()) * 1_000_000n
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}
