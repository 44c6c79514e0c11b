/** Bodies: generator functions whose phases an engine drives, those of tasks and of groups. */
import type { Yielded } from "./Description.js"

/** The failures of what a generator yields, but for timeouts. */
export type FailuresOf<Y> = Y extends Yielded<infer E, infer _R, infer _S, infer _N, infer _L> ? E : never

/** The requirements of what a generator yields. */
export type RequirementsOf<Y> = Y extends Yielded<infer _E, infer R, infer _S, infer _N, infer _L> ? R : never

/** The failures of what a generator yields, timeouts among them. */
export type EveryFailureOf<Y> = Y extends Yielded<infer E, infer _R, infer _S, infer _N, infer L> ? E | L : never

type EncOf<Y> = Y extends Yielded<infer _E, infer _R, infer _S, infer N, infer _L> ? N : never

/** Whether all the failures of what a generator yields can be recorded as values. */
export type EncodableOf<Y> = [EncOf<Y>] extends [true] ? true : false

/** A body that refuses to hand out a generator twice: one that was driven cannot be driven again. */
export const fresh = <Args extends ReadonlyArray<unknown>>(what: string, body: (...args: Args) => unknown) => {
  const seen = new WeakSet<object>()
  return (...args: Args): unknown => {
    const generator = body(...args)
    if (typeof generator === "object" && generator !== null) {
      if (seen.has(generator)) throw new TypeError(`${what} answers the same generator twice: make a new one each time`)
      seen.add(generator)
    }
    return generator
  }
}
