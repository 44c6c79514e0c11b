/** Names and values with which somebody would mislead a person, a terminal, a shell or a database. */
import { hostile } from "../../../src/testing/StoreSuiteRows.js"

const bad = [
  ...hostile,
  "--flag",
  "-h",
  "--",
  "\u001b[2J\u001b[31mred",
  "\u009b31mred",
  "\u202eabc\u2066d",
  "zero\u200bwidth\ufeff",
  "line\nbreak\r\ttab",
  "\u2028\u2029",
  "half \ud800 of a pair",
  "日本語のとても長い名前です",
  "👩‍👩‍👧 family",
  "שלום עולם",
  "\u007f\u0085",
  "\u001b]0;title\u0007",
  "$(reboot) `reboot`",
  "' OR 1=1 --"
]

/** A hundred of them: each alone, and in pairs. */
export const names = [
  ...bad,
  ...bad.flatMap((one, at) => bad.slice(at + 1, at + 4).map((two) => `${one} ${two}`))
].slice(0, 100)

/** What moves a cursor, hides, or turns the direction of reading. */
export const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/u
