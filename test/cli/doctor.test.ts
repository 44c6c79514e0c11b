import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Doctor from "../../src/cli/Doctor.js"
import * as Exported from "../../src/cli/Exported.js"
import { Finding, type Place } from "../../src/cli/Findings.js"
import { Screen } from "../../src/cli/Screen.js"
import * as Chain from "../../src/store/Chain.js"
import type { EntryRow } from "../../src/store/Encoded.js"
import * as Format from "../../src/store/Exported.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { write } from "../store/support/Journals.js"
import { device, printed } from "./support/device.js"
import { left } from "./support/scene.js"

const megabyte = 2 ** 20

const whole: Place = {
  node: "22.1.0",
  sqlite: "3.51.3",
  outdated: undefined,
  schema: 5,
  current: 5,
  mode: "wal",
  size: 12 * megabyte,
  log: megabyte,
  free: 90_000 * megabyte,
  network: undefined,
  holder: undefined,
  left: false,
  problems: []
}

/** Everything that can be wrong beside the executions. */
const wretched: Place = {
  ...whole,
  node: "18.20.0",
  sqlite: "3.46.0",
  outdated: "SQLite 3.46.0 can corrupt databases in WAL mode; 3.51.3 or newer is needed: update better-sqlite3",
  schema: 2,
  mode: "delete",
  log: 80 * megabyte,
  free: 0,
  network: "NFS",
  holder: { pid: 4242, state: "stopped", since: Date.UTC(2026, 10, 21, 18) },
  problems: ["Tree 5 page 7: btreeInitPage() returns error code 11"]
}

const tamper = (memory: MemoryStore.Memory, id: string, seq: number, change: Partial<EntryRow>): void => {
  const { rows } = memory.executions.get(id)!
  rows[seq] = { ...rows[seq]!, ...change }
}

/** The exit code, and what was printed. */
const run = (memory: MemoryStore.Memory, place: Place, json: boolean, columns?: number) =>
  Effect.gen(function* () {
    const { kept, made } = device(columns)
    const encoded = yield* MemoryStore.make(memory)
    const ended = yield* Effect.either(Effect.provideService(Doctor.run(encoded, place, { json }), Screen, made))
    return { code: Either.isLeft(ended) && "code" in ended.left ? ended.left.code : 0, out: kept.out }
  })

describe("doctor", () => {
  it.scoped("says the same of the same trouble, at every width and without a terminal", () =>
    Effect.gen(function* () {
      const memory = yield* left
      yield* TestClock.adjust("3 days")
      tamper(memory, "order-1", 2, { hash: "0" })
      for (const [name, place] of Object.entries({ whole, wretched, left: { ...whole, left: true } })) {
        const texts: Array<string> = []
        for (const columns of [60, 80, 120, undefined]) {
          texts.push(`== ${columns ?? "no terminal"}\n${(yield* run(memory, place, false, columns)).out}`)
        }
        yield* Effect.promise(() => expect(texts.join("\n")).toMatchFileSnapshot(`golden/doctor-${name}.txt`))
      }
    })
  )

  it.scoped("answers JSON lines that fit their schema, and 4 only if something is lost, damaged or unsafe", () =>
    Effect.gen(function* () {
      const memory = yield* left
      const decode = Schema.decodeUnknownSync(Finding, { onExcessProperty: "error" })
      const look = (place: Place) =>
        Effect.map(run(memory, place, true), ({ code, out }) => {
          const found = out
            .trimEnd()
            .split("\n")
            .map((line) => decode(JSON.parse(line)))
          return { code, bad: found.filter(({ level }) => level === "bad").map(({ check }) => check), found }
        })
      const fine = yield* look(whole)
      assert.deepStrictEqual([fine.code, fine.bad], [0, []])
      assert.deepStrictEqual(fine.found.find(({ check }) => check === "failed")?.executions, ["order-2"])
      assert.deepStrictEqual((yield* look(wretched)).bad, [
        "node",
        "sqlite",
        "disk",
        "file system",
        "engine",
        "database"
      ])
      tamper(memory, "order-2", 3, { body: "{}" })
      const hurt = yield* look(whole)
      assert.deepStrictEqual([hurt.code, hurt.bad], [4, ["journals"]])
      assert.deepStrictEqual(hurt.found.find(({ check }) => check === "journals")?.executions, ["order-2"])
    })
  )

  it.effect("reads every journal, however many there are, and tells which cannot be folded", () =>
    Effect.gen(function* () {
      const memory = MemoryStore.memory()
      const store = fromEncoded(yield* MemoryStore.make(memory))
      // An outcome of a phase that was never started.
      yield* write(store, "broken", 2)
      for (let n = 0; n < 1_200; n++) yield* write(store, `e-${n}`, 1)
      const { code, out } = yield* run(memory, whole, false)
      assert.strictEqual(code, 4)
      assert.include(out, "1 of 1201 journals are damaged")
      assert.include(out, "broken (entry 1: ")
    })
  )
})

describe("export", () => {
  it.scoped("holds the journal as it is kept, with hashes that can be verified", () =>
    Effect.gen(function* () {
      const memory = yield* left
      const encoded = yield* MemoryStore.make(memory)
      const text = yield* printed(Exported.run(encoded, 4, { id: "batch-1", out: undefined }))
      const decode = Schema.decodeUnknownSync(Format.Exported, { onExcessProperty: "error" })
      const { execution, journal } = decode(JSON.parse(text))
      assert.deepStrictEqual(journal, memory.executions.get("batch-1")!.rows)
      let before = Chain.genesis
      for (const row of journal) {
        assert.isUndefined(Chain.problem(execution.id, before, row))
        before = row.hash
      }
    })
  )

  it.scoped("is refused of a journal that is damaged", () =>
    Effect.gen(function* () {
      const memory = yield* left
      tamper(memory, "batch-1", 1, { at: 1 })
      const encoded = yield* MemoryStore.make(memory)
      const { kept, made } = device()
      const exported = Exported.run(encoded, 4, { id: "batch-1", out: undefined })
      const error = yield* Effect.flip(Effect.provideService(exported, Screen, made))
      assert.deepStrictEqual([error._tag, kept.out], ["JournalCorrupt", ""])
    })
  )
})
