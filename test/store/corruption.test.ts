import * as fs from "node:fs"
import { assert, describe, it, vi } from "@effect/vitest"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { StoreError } from "../../src/core/Errors.js"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { copy } from "./support/Files.js"
import { flip, judge, numbers, places, torture } from "./support/Flips.js"
import { extend, said, write } from "./support/Journals.js"
import { temporaryFile } from "./support/TemporaryFolder.js"

const ids = Array.from({ length: 12 }, (_, index) => `execution-${index}`)

/** Writes journals as an owner does; what they say, and the file as it lies while the store is still open. */
const pristine = Effect.fnUntraced(function* (closed: boolean) {
  const filename = yield* temporaryFile
  const left = `${filename}.left`
  const expected = new Map<string, string>()
  yield* Effect.scoped(
    Effect.gen(function* () {
      const store = fromEncoded(yield* SqliteStore.make({ filename }))
      yield* store.own
      for (const id of ids) yield* write(store, id, 20)
      for (const id of ids) expected.set(id, yield* said(store, id))
      // Accepting nothing writes the anchor now, as two seconds would.
      yield* store.accept([])
      if (!closed) copy(filename, left)
    })
  )
  if (closed) copy(filename, left)
  return { filename: left, expected }
})

/** An entry's body and hash on its page. */
const row = /\{"_tag":"PhaseSucceeded".*?\}[0-9a-f]{32}/g

const quiet = Effect.provide(Logger.remove(Logger.defaultLogger))

describe("a damaged database", () => {
  it.scoped("is found out by 99 of 100 bits that flip in entries, and never used", () =>
    Effect.gen(function* () {
      const { expected, filename } = yield* pristine(true)
      const next = numbers(1)
      const entries = places(filename, row)
      const verdicts = yield* torture(filename, expected, 150, (copied) => {
        const [from, to] = entries[next(entries.length)]!
        flip(copied, from + next(to - from), next(8))
      })
      assert.strictEqual(verdicts.wrong + verdicts.raw, 0, JSON.stringify(verdicts))
      assert.isAtLeast(verdicts.detected + verdicts.refused, 0.99 * 150, JSON.stringify(verdicts))
    }).pipe(quiet)
  )

  it.scoped("never answers another journal than was written, wherever a bit flips", () =>
    Effect.gen(function* () {
      const { expected, filename } = yield* pristine(true)
      const next = numbers(2)
      const { size } = fs.statSync(filename)
      const verdicts = yield* torture(filename, expected, 100, (copied) => flip(copied, next(size), next(8)))
      assert.strictEqual(verdicts.wrong + verdicts.raw, 0, JSON.stringify(verdicts))
    }).pipe(quiet)
  )

  it.scoped("is found out when it is cut anywhere", () =>
    Effect.gen(function* () {
      const { expected, filename } = yield* pristine(true)
      const { size } = fs.statSync(filename)
      const verdicts = yield* torture(filename, expected, 30, (copied, n) =>
        fs.truncateSync(copied, Math.floor((size * n) / 30))
      )
      assert.deepStrictEqual(
        { ...verdicts, detected: 0, refused: verdicts.detected + verdicts.refused },
        { refused: 30, detected: 0, unchanged: 0, wrong: 0, raw: 0 },
        JSON.stringify(verdicts)
      )
    }).pipe(quiet)
  )

  it.scoped("is left as it is", () =>
    Effect.gen(function* () {
      const { filename } = yield* pristine(true)
      fs.truncateSync(filename, 300)
      const error = yield* Effect.flip(SqliteStore.make({ filename }))
      assert.strictEqual(error.reason, "Corrupt")
      assert.strictEqual(fs.statSync(filename).size, 300)
      fs.rmSync(filename)
      assert.include((yield* Effect.flip(SqliteStore.make({ filename }))).message, ".anchor")
      assert.isFalse(fs.existsSync(filename))
    })
  )

  it.scoped("is held against its anchor by its owner, also beside a page that cannot be read", () =>
    Effect.gen(function* () {
      const { filename } = yield* pristine(true)
      const db = new Database(filename)
      db.exec(`DELETE FROM journal WHERE rowid = (SELECT max(rowid) FROM journal)`)
      db.close()
      const content = fs.readFileSync(filename)
      const place = content.indexOf(`"execution-0 19 `)
      content[place - (place % 4_096)] = 0xff
      fs.writeFileSync(filename, content)
      const store = fromEncoded(yield* SqliteStore.make({ filename }))
      yield* store.own
      assert.include(["JournalCorrupt", "StoreError"], yield* said(store, "execution-0"))
      assert.include(["JournalCorrupt", "StoreError"], yield* said(store, "execution-11"))
    }).pipe(quiet)
  )

  it.scoped("is told of in one line, also if its schema is what is damaged", () =>
    Effect.gen(function* () {
      const { filename } = yield* pristine(true)
      const content = fs.readFileSync(filename)
      const table = "CREATE TABLE execution "
      // Where a page was split, what was moved is still there, and of no use to anybody.
      for (let at = content.indexOf(`${table}(`); at >= 0; at = content.indexOf(`${table}(`)) {
        content[at + table.length] = 0x22
      }
      fs.writeFileSync(filename, content)
      const error = yield* Effect.flip(SqliteStore.make({ filename }))
      assert.strictEqual(error.reason, "Corrupt")
      assert.notInclude(error.message, "\n")
    }).pipe(quiet)
  )

  it.scoped("leaves the journals that can be read to their executions", () =>
    Effect.gen(function* () {
      const { expected, filename } = yield* pristine(true)
      const [place] = places(filename, /"execution-3 7 .*?"/g)
      flip(filename, place![0] + 3, 0)
      const store = fromEncoded(yield* SqliteStore.make({ filename }))
      for (const id of ids) {
        assert.strictEqual(yield* said(store, id), id === "execution-3" ? "JournalCorrupt" : expected.get(id))
      }
      const intact = (yield* store.load("execution-4"))!.head
      yield* extend(store, intact, 1)
    })
  )
})

describe("a lost log", () => {
  const losses: ReadonlyArray<readonly [what: string, lose: (wal: string) => void]> = [
    ["deleted", (wal) => fs.rmSync(wal)],
    ["emptied", (wal) => fs.truncateSync(wal, 0)],
    ["cut in half", (wal) => fs.truncateSync(wal, Math.floor(fs.statSync(wal).size / 2))],
    ["cut by its last frame", (wal) => fs.truncateSync(wal, fs.statSync(wal).size - 4_120)],
    ["flipped in its first frame", (wal) => flip(wal, 100, 3)]
  ]
  for (const [what, lose] of losses) {
    it.scoped(`is reported with the executions that it held: ${what}`, () =>
      Effect.gen(function* () {
        const { expected, filename } = yield* pristine(false)
        for (const suffix of [".whole", ".lost"]) copy(filename, filename + suffix)
        assert.strictEqual(yield* judge(`${filename}.whole`, expected), "unchanged")
        lose(`${filename}.lost-wal`)
        assert.include(["detected", "refused"], yield* judge(`${filename}.lost`, expected))
      }).pipe(quiet)
    )
  }
})

describe("the anchor", () => {
  it.scoped("is written within two seconds of an append, by the owner only, and holds no process back", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const store = fromEncoded(yield* SqliteStore.make({ filename }))
      const heads = () => {
        const anchor = `${filename}.anchor`
        return fs.existsSync(anchor) ? JSON.parse(fs.readFileSync(anchor, "utf8")).heads : undefined
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })),
        () => Effect.sync(() => vi.useRealTimers())
      )
      const settle = Effect.promise(() => vi.waitUntil(() => heads()?.[0]?.[1] === 2, { timeout: 5_000, interval: 5 }))
      yield* write(store, "a", 2)
      vi.advanceTimersByTime(10_000)
      assert.isUndefined(heads())
      yield* store.own
      yield* extend(store, (yield* store.load("a"))!.head, 1)
      vi.advanceTimersByTime(2_000)
      yield* settle
      assert.lengthOf(heads(), 1)
    })
  )
})

describe("an anchor that is older than a stage", () => {
  it.scoped("misses nothing of a journal that is read from there on; what is gone after it is missed", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const open = Effect.gen(function* () {
        const store = fromEncoded(yield* SqliteStore.make({ filename }))
        yield* store.own
        return store
      })
      const kept = { startedAt: 1, updatedAt: 1, owner: "me" }
      const entered = { _tag: "StageEntered", stage: "page", n: 1, kept } as const
      yield* Effect.scoped(Effect.flatMap(open, (store) => write(store, "a", 3)))
      const anchor = fs.readFileSync(`${filename}.anchor`)
      const add = Effect.flatMap(open, (store) =>
        Effect.gen(function* () {
          yield* extend(store, (yield* store.load("a"))!.head, 3)
          const { head } = (yield* store.load("a"))!
          yield* store.append(head, 9, [entered], null)
          yield* extend(store, (yield* store.latest("a"))!.head, 2)
        })
      )
      yield* Effect.scoped(add)
      const latest = fs.readFileSync(`${filename}.anchor`)
      fs.writeFileSync(`${filename}.anchor`, anchor)
      const seqs = Effect.flatMap(open, (store) =>
        Effect.map(store.latest("a"), (one) => one!.entries.map(({ seq }) => seq))
      )
      const found = yield* Effect.scoped(seqs)
      assert.strictEqual(found[0], 0)
      assert.isAbove(found[1]!, 3)
      fs.writeFileSync(`${filename}.anchor`, latest)
      const db = new Database(filename)
      db.prepare("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)").run()
      db.close()
      const lost = yield* Effect.flip(Effect.scoped(Effect.flatMap(open, (store) => store.latest("a"))))
      assert.strictEqual(lost._tag, "JournalCorrupt")
    }).pipe(quiet)
  )
})

describe("an older copy", () => {
  it.scoped("is reported until what it lacks is accepted", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const using = <A, E>(body: (store: ReturnType<typeof fromEncoded>) => Effect.Effect<A, E>) =>
        Effect.scoped(
          Effect.gen(function* () {
            const store = fromEncoded(yield* SqliteStore.make({ filename }))
            yield* store.own
            return yield* body(store)
          })
        )
      yield* using((store) => Effect.zipRight(write(store, "a", 3), write(store, "b", 3)))
      const backup = fs.readFileSync(filename)
      yield* using((store) =>
        Effect.gen(function* () {
          yield* extend(store, (yield* store.load("a"))!.head, 2)
          yield* write(store, "c", 1)
        })
      )
      fs.writeFileSync(filename, backup)
      for (let opened = 0; opened < 2; opened++) {
        yield* using((store) =>
          Effect.gen(function* () {
            assert.deepStrictEqual([...(yield* store.damage).keys()].sort(), ["a", "c"])
            assert.strictEqual(yield* said(store, "a"), "JournalCorrupt")
            assert.strictEqual(yield* said(store, "c"), "JournalCorrupt")
            assert.include(yield* said(store, "b"), "PhaseSucceeded")
            const refused = yield* Effect.flip(write(store, "c", 1))
            assert.isTrue(refused instanceof StoreError && refused.reason === "Corrupt")
            // What goes on meanwhile does not make the store forget.
            yield* extend(store, (yield* store.load("b"))!.head, 1)
          })
        )
      }
      yield* using((store) => store.accept(["a", "c"]))
      yield* using((store) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* store.damage).size, 0)
          yield* extend(store, (yield* store.load("a"))!.head, 1)
          yield* write(store, "c", 1)
        })
      )
    }).pipe(quiet)
  )
})
