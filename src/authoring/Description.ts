/**
 * The type of phases, and what describes one: a value that yields its instruction once, and answers what it is given.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { answerTo, type Enter, type Instruction, Yielded as Wire } from "../core/Instruction.js"
import * as Name from "../core/Name.js"
import * as Thrown from "../core/Thrown.js"

/**
 * What `yield*` hands to the interpreter: carries the failures `E`, the requirements `R` and the stages `S` of a phase,
 * whether its failures can be recorded as values, and its timeouts. The name of its member is the message that the
 * compiler prints when something else is yielded.
 */
export interface Yielded<
  out E,
  out R,
  out S extends string = never,
  out Enc extends boolean = boolean,
  out Late = Cause.TimeoutException
> {
  readonly "yield* a Phase here; wrap an Effect in Phase.make(name, effect)": {
    readonly E: E
    readonly R: R
    readonly S: S
    readonly Enc: Enc
    readonly Late: Late
  }
}

/**
 * A named piece of work of a task whose outcome is recorded once: it succeeds with `A`, fails with `E`, requires `R`.
 * `Enc` tells whether its failures can be recorded as values, which `either` and `exit` need. The name of its first
 * member is the message that the compiler prints when something else is given.
 */
export interface Phase<
  out A,
  out E = never,
  out R = never,
  out S extends string = never,
  out Enc extends boolean = boolean
> {
  readonly "a Phase is needed here; wrap an Effect in Phase.make(name, effect)": { readonly A: A; readonly Enc: Enc }
  readonly name: string
  [Symbol.iterator](): Iterator<Yielded<Untimed<E>, R, S, Enc, Timed<E>>, A>
}

/** The failures that an `error` schema has to cover: a timeout has a record of its own. */
export type Untimed<E> = Exclude<E, Cause.TimeoutException>

/** The timeouts among the failures. */
export type Timed<E> = Extract<E, Cause.TimeoutException>

/** Any phase at all. */
export type Any = Phase<unknown, unknown, unknown, string>

/** What a phase succeeds with. */
export type Success<P> = P extends Phase<infer A, infer _E, infer _R, infer _S, infer _N> ? A : never

/** What a phase fails with. */
export type Error<P> = P extends Phase<infer _A, infer E, infer _R, infer _S, infer _N> ? E : never

/** What a phase requires. */
export type Context<P> = P extends Phase<infer _A, infer _E, infer R, infer _S, infer _N> ? R : never

type EncOf<P> = P extends Phase<infer _A, infer _E, infer _R, infer _S, infer N> ? N : never

/** Whether the failures of all these phases can be recorded as values. */
export type Encodable<P> = [EncOf<P>] extends [true] ? true : false

/** Yields itself once, and answers what the interpreter feeds. */
class Description {
  constructor(readonly instruction: Instruction | Enter) {}
  get name(): string {
    return this.instruction.name
  }
  [Symbol.iterator]() {
    let done = false
    return {
      next: (value?: unknown) => {
        if (done) return { done: true, value }
        done = true
        const known = answerTo(this.instruction)
        return known === undefined
          ? { done: false, value: new Wire(this.instruction) }
          : { done: true, value: known.value }
      }
    }
  }
}

/** Throws `InvalidName` for what cannot be one; `what` says whose name it is. */
export const checkName = (name: unknown, what = "the phase name"): void => {
  const problem = Name.check(what, name)
  if (problem !== undefined) throw problem
}

/** The phase of an instruction. */
export const describe = <P>(instruction: Instruction | Enter): P => {
  checkName(instruction.name)
  return new Description(instruction) as P
}

const described = (phase: unknown): Instruction | Enter | undefined =>
  phase instanceof Description ? phase.instruction : undefined

/** The instruction of what describes one; entering a stage is none. */
export const instructionOf = (phase: unknown): Instruction | undefined => {
  const instruction = described(phase)
  return instruction?._tag === "Enter" ? undefined : instruction
}

const otherCopy = (value: object): boolean => "instruction" in value && Symbol.iterator in value

/** What a value that is no phase is, and what to write instead, for callers whose compiler did not see to it. */
export const strange = (value: unknown): string => {
  const instruction = described(value)
  if (instruction?._tag === "Enter")
    return `the entering of stage ${instruction.name}: only the body of a task enters it`
  if (instruction !== undefined) return "one phase"
  if (Effect.isEffect(value)) return "an Effect: write Phase.make(name, effect)"
  if (Predicate.isPromiseLike(value)) return "a promise: write Phase.make(name, Effect.promise(() => ...))"
  if (Predicate.isFunction(value)) return "a function: write Phase.group(name, function*() { ... }), or call it"
  if (Predicate.isIterable(value) && Predicate.hasProperty(value, "next"))
    return "a generator: write Phase.group(name, function*() { ... })"
  if (Predicate.isObject(value) && otherCopy(value)) return "of another copy of tidemark: install one version of it"
  return `${Thrown.text(value).slice(0, 80)}: write Phase.make(name, effect)`
}

/** The instruction of a branch, or a `TypeError` that says what stands at `where` instead. */
export const needPhase = (where: string, value: unknown): Instruction => {
  const instruction = instructionOf(value)
  if (instruction === undefined) throw new TypeError(`${where} is not a phase but ${strange(value)}`)
  if (instruction._tag === "Changed") {
    throw new TypeError(`${where} is Phase.changed(${JSON.stringify(instruction.name)}): yield it by itself`)
  }
  return instruction
}
