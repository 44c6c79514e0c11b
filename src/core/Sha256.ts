/** The one digest that everything goes by: entries, tokens, keys, plans. */
import * as crypto from "node:crypto"

/** In one call from Node 20.12 on: it leaves nothing for the garbage collector, which the hot path would feel. */
const once = (crypto as { readonly hash?: (algorithm: string, data: string, encoding: "hex") => string }).hash

/** SHA-256 of a text in UTF-8, as 64 hexadecimal digits. */
export const sha256 = (text: string): string =>
  once === undefined ? crypto.createHash("sha256").update(text).digest("hex") : once("sha256", text, "hex")
