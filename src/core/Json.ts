/** Plain JSON values, and what keeps a value from being one. */
import * as Either from "effect/Either"
import { Few } from "./Few.js"
import * as Thrown from "./Thrown.js"

/** A value that JSON text brings back equal. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** Where in a value something is wrong, and what. `at` reads like the access that reaches it: `$.items[3].when`. */
export interface Problem {
  readonly at: string
  readonly reason: string
}

/** How deep a value may nest: `JSON.stringify` overflows the stack some way beyond. */
const maxDepth = 1_000

const isIdentifier = /^[A-Za-z_$][\w$]*$/

/** The access that reaches a member of what is at `at`. */
export const member = (at: string, key: string | number): string => {
  if (typeof key === "number") return `${at}[${key}]`
  return isIdentifier.test(key) ? `${at}.${key}` : `${at}[${JSON.stringify(key)}]`
}

/** Adds a member, whatever its name: assigning to `__proto__` would change the prototype instead. */
const add = (target: { [key: string]: Json }, key: string, value: Json): void => {
  if (key !== "__proto__") target[key] = value
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

class Refusal {
  constructor(readonly reason: string) {}
}

/** Copies one value. It reads each member once, so that what was checked is what is kept. */
class Reader {
  private readonly path: Array<string | number> = []
  private readonly above = new Few<object>()

  read(value: unknown): Either.Either<Json, Problem> {
    try {
      return Either.right(this.copy(value))
    } catch (thrown) {
      const reason = thrown instanceof Refusal ? thrown.reason : `reading it threw: ${Thrown.text(thrown)}`
      return Either.left({ at: this.path.reduce<string>(member, "$"), reason })
    }
  }

  private copy(value: unknown): Json {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value
      case "number":
        if (Number.isFinite(value) && !Object.is(value, -0)) return value
        throw new Refusal(`${Object.is(value, -0) ? "-0" : value} is not a JSON number`)
      case "object":
        return value === null ? null : this.nested(value)
      default:
        throw new Refusal(`${typeof value} is not JSON`)
    }
  }

  private nested(value: object): Json {
    if (this.above.has(value)) throw new Refusal("it holds itself")
    if (this.above.size >= maxDepth) throw new Refusal(`it nests deeper than ${maxDepth} levels`)
    checkPlain(value)
    this.above.add(value)
    const copied = Array.isArray(value) ? this.array(value) : this.object(value as Readonly<Record<string, unknown>>)
    this.above.delete(value)
    return copied
  }

  private array(value: ReadonlyArray<unknown>): Json {
    const copied: Array<Json> = []
    for (let index = 0; index < value.length; index++) copied.push(this.member(value, index))
    if (Object.keys(value).length !== copied.length) throw new Refusal("an array with named members is not JSON")
    return copied
  }

  private object(value: Readonly<Record<string, unknown>>): Json {
    const copied: { [key: string]: Json } = {}
    for (const key of Object.keys(value)) add(copied, key, this.member(value, key))
    return copied
  }

  private member<K extends string | number>(value: Readonly<Record<K, unknown>>, key: K): Json {
    this.path.push(key)
    const copied = this.copy(value[key])
    this.path.pop()
    return copied
  }
}

/** Only arrays and objects without a class, all of whose members have plain names. */
const checkPlain = (value: object): void => {
  const prototype = Object.getPrototypeOf(value)
  const plain = Array.isArray(value)
    ? prototype === Array.prototype
    : prototype === Object.prototype || prototype === null
  if (!plain) {
    const name: unknown = prototype?.constructor?.name
    throw new Refusal(`a ${typeof name === "string" && name !== "" ? name : "class instance"} is not plain JSON`)
  }
  if (Object.getOwnPropertySymbols(value).length > 0) throw new Refusal("a symbol key is not JSON")
}

/** A copy of `value`, or the first thing in it that JSON would lose or change. Never throws. */
export const from = (value: unknown): Either.Either<Json, Problem> =>
  typeof value === "string" ? Either.right(value) : new Reader().read(value)

/** Whether a value is plain JSON. */
export const is = (value: unknown): value is Json => Either.isRight(from(value))

/** Whether two plain JSON values are equal, whatever the order of their keys. */
export const equal = (a: Json | undefined, b: Json | undefined): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]))
    )
  }
  const left = a as { readonly [key: string]: Json }
  const right = b as { readonly [key: string]: Json }
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]))
  )
}

/** A copy of a plain JSON value, so that whoever gets it cannot change what is recorded. */
export const copy = (value: Json): Json => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  const result: { [key: string]: Json } = {}
  for (const [key, item] of Object.entries(value)) add(result, key, copy(item))
  return result
}

/** The text of a plain JSON value, the same for equal ones. */
export const canonical = (value: Json): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`
}
