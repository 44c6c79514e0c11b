/** What an item looks like in a journal, so that another one in its place is noticed. */
import * as Either from "effect/Either"
import * as Json from "../core/Json.js"
import { sha256 } from "../core/Sha256.js"

/** In characters. */
const maxLength = 100

/** Its beginning, not ending within a surrogate pair, and a digest of the whole. */
const cut = (text: string): string =>
  text.length <= maxLength
    ? text
    : `${text.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, "")} #${sha256(text).slice(0, 16)}`

/** The text of an item: itself, or its JSON; none for what is not plain JSON. */
export const keyOf = (item: unknown): string | undefined => {
  if (typeof item === "string") return cut(item)
  if (typeof item === "number" || typeof item === "boolean") return String(item)
  return Either.match(Json.from(item), { onLeft: () => undefined, onRight: (json) => cut(JSON.stringify(json)) })
}
