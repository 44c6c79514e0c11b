/** Names of tasks, phases and checkpoints, and ids of executions: what may be one. */
import { InvalidName } from "./Errors.js"
import * as Thrown from "./Thrown.js"

/** In UTF-8 bytes. */
export const maxBytes = 255

/** Names in ASCII, which most are, need no further look. */
const ordinary = /^[\x20-\x7e]{1,255}$/

const control = /\p{Cc}/u
const loneSurrogate = /\p{Surrogate}/u

const bytes = (name: string): number => {
  let count = 0
  for (const character of name) {
    const code = character.codePointAt(0)!
    count += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return count
}

/** Why `name` cannot be a name. */
export const problem = (name: unknown): string | undefined => {
  if (typeof name !== "string") return `it is ${name == null ? String(name) : `of type ${typeof name}`}, not a string`
  if (ordinary.test(name)) return undefined
  if (name === "") return "it is empty"
  if (name.length > maxBytes || bytes(name) > maxBytes) return `it is longer than ${maxBytes} bytes`
  if (control.test(name)) return "it holds a control character"
  if (loneSurrogate.test(name)) return "it holds half of a surrogate pair"
  if (name.normalize("NFC") !== name) return "it is not in Unicode's composed form (NFC)"
  return undefined
}

/** The error for what cannot be a name, with the reason. */
export const refuse = (what: string, given: unknown, found: string): InvalidName =>
  new InvalidName({ what, given: Thrown.text(given).slice(0, maxBytes), problem: found })

/** The error for a name that cannot be used; `what` says whose name it is. */
export const check = (what: string, name: unknown): InvalidName | undefined => {
  const found = problem(name)
  return found === undefined ? undefined : refuse(what, name, found)
}
