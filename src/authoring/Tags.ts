/** What an execution is found by, beside its id and its task: short texts, given when it is created. */
import { InvalidName } from "../core/Errors.js"
import * as Name from "../core/Name.js"

/** How many an execution has at most. */
const most = 32

const none: ReadonlyArray<string> = []

/** What is given with an execution, and what its task gives it; each once, in their order. What an author wrote may be anything. */
export const make = (
  given: Iterable<string> | undefined,
  own: Iterable<string> | undefined
): ReadonlyArray<string> | InvalidName => {
  if (given === undefined && own === undefined) return none
  const tags = [...new Set([...(given ?? []), ...(own ?? [])])]
  if (tags.length > most) return Name.refuse("a tag", tags[most], `an execution has at most ${most}`)
  return tags.map((tag) => Name.check("a tag", tag)).find((problem) => problem instanceof InvalidName) ?? tags
}
