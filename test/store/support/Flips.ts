import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as SqliteStore from "../../../src/store/SqliteStore.js"
import { fromEncoded } from "../../../src/store/Store.js"
import { copy } from "./Files.js"
import { said } from "./Journals.js"

/** A generator of numbers below `limit`, the same for the same seed (mulberry32). */
export const numbers = (seed: number) => {
  let state = seed >>> 0
  return (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit)
  }
}

/** What became of a damaged copy of a database. */
export interface Verdict {
  /** the store did not open, and said so with a `StoreError` */
  refused: number
  /** some journals were refused, and all others were as they had been */
  detected: number
  /** everything was as it had been */
  unchanged: number
  /** a journal was not what it had been, and nothing said so */
  wrong: number
  /** something died, or was not told in one line */
  raw: number
}

const oneLine = (message: string): boolean => !/\n/.test(message)

/** Opens a damaged database and reads all that it should hold: `expected` is id -> what `said` answered before. */
export const judge = (filename: string, expected: ReadonlyMap<string, string>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const opened = yield* Effect.either(SqliteStore.make({ filename }))
      if (opened._tag === "Left") return oneLine(opened.left.message) ? "refused" : "raw"
      const store = fromEncoded(opened.right)
      let verdict: keyof Verdict = "unchanged"
      for (const [id, before] of expected) {
        const now = yield* said(store, id)
        if (now === before) continue
        if (now !== "JournalCorrupt" && now !== "StoreError") return "wrong"
        verdict = "detected"
      }
      return verdict
    })
  ).pipe(Effect.catchAllCause(() => Effect.succeed("raw" as const)))

/** Damages `count` copies of a database, each by `damage`, and counts the verdicts. */
export const torture = Effect.fnUntraced(function* (
  pristine: string,
  expected: ReadonlyMap<string, string>,
  count: number,
  damage: (copied: string, n: number) => void
) {
  const verdicts: Verdict = { refused: 0, detected: 0, unchanged: 0, wrong: 0, raw: 0 }
  const copied = `${pristine}.copy`
  for (let n = 0; n < count; n++) {
    copy(pristine, copied)
    damage(copied, n)
    verdicts[yield* judge(copied, expected)]++
  }
  return verdicts
})

/** Flips one bit of a file. */
export const flip = (file: string, byte: number, bit: number): void => {
  const content = fs.readFileSync(file)
  content[byte]! ^= 1 << bit
  fs.writeFileSync(file, content)
}

/**
 * Where the texts that match stand in a file: the first byte of each, and the first after it. Texts that stand there twice
 * are left out: one of them is what a page that was divided left behind, and nobody reads it.
 */
export const places = (file: string, pattern: RegExp): ReadonlyArray<readonly [from: number, to: number]> => {
  const matches = [...fs.readFileSync(file, "latin1").matchAll(pattern)]
  const counts = new Map<string, number>()
  for (const [text] of matches) counts.set(text, (counts.get(text) ?? 0) + 1)
  return matches.filter(([text]) => counts.get(text) === 1).map(({ 0: text, index }) => [index, index + text.length])
}
