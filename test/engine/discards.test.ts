import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import type { Keep } from "../../src/authoring/Keep.js"
import { Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, logbook, memory, recorded, tags } from "../support/engines.js"
import { type Log, never, undoable } from "../support/phases.js"

const id = "d1"
const Page = Task.stage("page", { state: { n: Schema.Number } })

/** A phase and a checkpoint, so many times; then another phase. */
const marks = (
  log: Log,
  count: number,
  end: Phase.Phase<unknown, string>,
  keep: Keep = { last: 5 },
  onFailure?: "revert"
) =>
  Task.make("t", {
    success: Schema.String,
    error: Schema.String,
    keep,
    onFailure: onFailure ?? "halt",
    *run() {
      let all = ""
      for (let n = 1; n <= count; n++) {
        all += yield* undoable(log, `${n}`)
        yield* Phase.checkpoint(`m${n}`)
      }
      yield* end
      return all
    }
  })

/** Pages, so many, each with a phase; the last one ends with another. */
const pages = (
  log: Log,
  last: number,
  end: Phase.Phase<unknown, string>,
  keep: Keep = { last: 2 },
  onFailure?: "revert"
) =>
  Task.make("t", {
    success: Schema.Number,
    error: Schema.String,
    keep,
    onFailure: onFailure ?? "halt",
    stages: [
      Page.body(function* ({ n }) {
        yield* undoable(log, `fetch ${n}`)
        if (n < last) return yield* Page.enter({ n: n + 1 })
        yield* end
        return n
      })
    ],
    *run() {
      yield* undoable(log, "a")
      return yield* Page.enter({ n: 1 })
    }
  })

const fails = (log: Log) => Phase.make("end", Effect.zipRight(log.note("end"), Effect.fail("no")))
const ends = (log: Log) => Phase.make("end", log.note("end"))
const paths = (all: ReadonlyArray<{ readonly path: string }>) => all.map(({ path }) => path)

describe("a task of stages that keeps some", () => {
  it.scoped("forgets what was before the oldest that it keeps, and says so", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = pages(log, 6, ends(log))
      const { run, service } = yield* engine(store, [task])
      assert.strictEqual(yield* run(task.execute({}, { id })), 6)
      const history = yield* service.history(id)
      const entered = history.flatMap(({ entry }) => (entry._tag === "StageEntered" ? [entry.n] : []))
      assert.deepStrictEqual(entered, [5, 6])
      assert.strictEqual(history[0]!.entry._tag, "Created")
      assert.strictEqual(history[1]!.entry._tag, "StageEntered")
      const { discarded } = yield* service.status(id)
      assert.deepStrictEqual(discarded, { before: "@page#5", at: 0, entries: history[1]!.seq - 1 })
    })
  )

  it.scoped("is resumed by a fresh engine, and keeps on forgetting", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const hangs = pages(log, 4, Phase.make("end", never))
      const first = yield* engine(store, [hangs])
      yield* first.run(hangs.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "@page#4/end")
      yield* first.kill
      log.lines.length = 0
      const second = yield* engine(store, [pages(log, 7, ends(log))])
      // The code now goes on where it ended before.
      const misfit = yield* second.service.settled(id)
      assert.strictEqual(misfit.status, "Failed")
      yield* second.kill
      const third = yield* engine(store, [pages(log, 4, ends(log))])
      assert.strictEqual((yield* third.service.settled(id)).status, "Failed")
      yield* third.service.resume(id)
      assert.strictEqual((yield* third.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["end"])
      assert.strictEqual((yield* third.service.status(id)).discarded?.before, "@page#3")
    })
  )

  it.scoped("is not reverted as a whole by an operator, nor closed with a revert", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = pages(log, 4, fails(log))
      const { run, service } = yield* engine(store, [task])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      const count = entries(store, id).length
      for (const refused of [service.revert(id), service.close(id, { revert: true })]) {
        const error = yield* Effect.flip(refused)
        assert.deepInclude(error, { _tag: "CheckpointRefused", reason: "discarded" })
        assert.match(error.message, /what was before @page#3 is discarded/)
      }
      assert.lengthOf(entries(store, id), count)
      assert.notInclude(log.lines.join(), "undo")
    })
  )

  it.scoped("undoes what it keeps when it fails and is to revert", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = pages(log, 4, fails(log), { last: 2 }, "revert")
      const { run, service } = yield* engine(store, [task])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      assert.strictEqual((yield* service.status(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines.slice(-2), ["undo fetch 4", "undo fetch 3"])
    })
  )

  it.scoped("keeps the last one alone, in the commit that enters it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = pages(log, 5, ends(log), { last: 1 })
      const { run, service } = yield* engine(store, [task])
      assert.strictEqual(yield* run(task.execute({}, { id })), 5)
      assert.deepStrictEqual(tags(store, id).slice(0, 4), ["Created", "StageEntered", "PhaseStarted", "Discarded"])
      assert.strictEqual((yield* service.status(id)).discarded?.before, "@page#5")
    })
  )
})

describe("a task that keeps its last five checkpoints", () => {
  it.scoped("keeps all that was before as long as there are five; the sixth removes the first", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const five = marks(log, 5, fails(log))
      const { run, service } = yield* engine(store, [five])
      yield* Effect.flip(run(five.execute({}, { id })))
      const kept = yield* service.status(id)
      assert.isUndefined(kept.discarded)
      assert.deepStrictEqual(paths(kept.checkpoints), ["m1", "m2", "m3", "m4", "m5"])
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      const six = marks(log, 6, fails(log))
      const other = yield* engine(memory(), [six])
      yield* Effect.flip(other.run(six.execute({}, { id })))
      const status = yield* other.service.status(id)
      assert.deepStrictEqual(paths(status.checkpoints), ["m2", "m3", "m4", "m5", "m6"])
      assert.strictEqual(status.discarded?.before, "m2")
      assert.deepStrictEqual(paths(status.phases).slice(0, 4), ["1", "m1", "2", "m2"])
      const error = yield* Effect.flip(other.service.revert(id, { to: "m1" }))
      assert.deepInclude(error, { _tag: "CheckpointRefused", reason: "discarded" })
      assert.match(error.message, /m1.*it has come to m2, m3, m4, m5, m6; what was before m2 is discarded/)
      assert.deepInclude(yield* Effect.flip(other.service.revert(id)), { reason: "discarded" })
      log.lines.length = 0
      assert.strictEqual((yield* other.service.revert(id, { to: "m2" })).status, "Paused")
      assert.deepStrictEqual(log.lines, ["undo 6", "undo 5", "undo 4", "undo 3"])
    })
  )

  it.scoped(
    "is resumed by a fresh engine from the values that stay: nothing runs twice, and the result is the same",
    () =>
      Effect.gen(function* () {
        const log = logbook()
        const store = memory()
        const hangs = marks(log, 9, Phase.make("end", never))
        const first = yield* engine(store, [hangs])
        yield* first.run(hangs.start({}, { id }))
        yield* recorded(store, id, "PhaseStarted", "end")
        yield* first.kill
        log.lines.length = 0
        assert.lengthOf(
          tags(store, id).filter((tag) => tag === "Snapshot"),
          4
        )
        const task = marks(log, 9, ends(log))
        const { run, service } = yield* engine(store, [task])
        assert.strictEqual((yield* service.settled(id)).result, "123456789")
        assert.strictEqual(yield* run(task.execute({}, { id })), "123456789")
        assert.deepStrictEqual(log.lines, ["end"])
        const live = yield* service.status(id)
        const again = yield* engine(store, [])
        assert.deepInclude(yield* again.service.status(id), { phases: live.phases, checkpoints: live.checkpoints })
      })
  )

  it.scoped("goes back and forth among those", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = marks(log, 8, ends(log), { last: 3 })
      const first = yield* engine(store, [task])
      yield* first.run(Effect.flip(task.execute({}, { id, stopAt: "m7" })))
      log.lines.length = 0
      yield* first.service.goTo(id, "m5")
      assert.deepStrictEqual(log.lines, ["undo 7", "undo 6"])
      yield* first.kill
      log.lines.length = 0
      const second = yield* engine(store, [task])
      yield* second.service.goTo(id, "m6")
      yield* second.kill
      const third = yield* engine(store, [task])
      assert.strictEqual((yield* third.service.status(id)).position, "m6")
      yield* third.service.resume(id)
      assert.strictEqual((yield* third.service.settled(id)).result, "12345678")
      assert.deepStrictEqual(log.lines, ["6", "7", "8", "end"])
    })
  )

  it.scoped("undoes what it keeps when it fails and is to revert", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = marks(log, 8, fails(log), { last: 3 }, "revert")
      const { run } = yield* engine(memory(), [task])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      assert.deepStrictEqual(log.lines.slice(-3), ["end", "undo 8", "undo 7"])
    })
  )
})

describe("a task that keeps three days", () => {
  it.scoped(
    "forgets what is older when another checkpoint is recorded, and says until when all that is kept stays",
    () =>
      Effect.gen(function* () {
        const log = logbook()
        const store = memory()
        const task = Task.make("t", {
          keep: { for: "3 days" },
          *run() {
            for (let n = 1; n <= 6; n++) {
              yield* undoable(log, `${n}`)
              yield* Phase.checkpoint(`m${n}`)
              yield* Phase.sleep(`night ${n}`, "1 day")
            }
          }
        })
        const { run, service } = yield* engine(store, [task])
        yield* run(task.start({}, { id }))
        const days = (count: number) => count * 86_400_000
        for (let day = 0; day < 6; day++) {
          yield* recorded(store, id, "PhaseSucceeded", `m${day + 1}`)
          const { checkpoints, discarded } = yield* service.status(id)
          const first = Math.max(1, day - 2)
          assert.strictEqual(checkpoints[0]?.name, `m${first}`)
          assert.strictEqual(discarded?.before, first === 1 ? undefined : `m${first}`)
          assert.strictEqual(discarded?.until, first === 1 ? undefined : days(first - 1 + 3))
          yield* recorded(store, id, "PhaseStarted", `night ${day + 1}`)
          yield* TestClock.adjust("1 day")
        }
        assert.strictEqual((yield* service.settled(id)).status, "Completed")
      })
  )
})

describe("what a checkpoint keeps", () => {
  it.scoped("goes before what its task says", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        keep: { last: 1 },
        *run() {
          yield* undoable(log, "1")
          yield* Phase.checkpoint("a", { keep: "all" })
          yield* Phase.checkpoint("b", { keep: "all" })
          yield* Phase.checkpoint("c", { keep: { last: 2 } })
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(paths((yield* service.status(id)).checkpoints), ["b", "c"])
    })
  )

  it.scoped("is the engine's, where neither says anything", () =>
    Effect.gen(function* () {
      const task = Task.make("t", {
        *run() {
          yield* Phase.make("first", Effect.void)
          for (const name of ["a", "b", "c"]) yield* Phase.checkpoint(name)
        }
      })
      const { run, service } = yield* engine(memory(), [task], { keep: { last: 1 } })
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(paths((yield* service.status(id)).checkpoints), ["c"])
    })
  )

  it("is refused where that is nothing", () => {
    const refused: ReadonlyArray<readonly [unknown, RegExp]> = [
      [{ last: 0 }, /keep of checkpoint c must be \{ last \} of one or more, not 0/],
      [{ last: -1 }, /not -1/],
      [{ last: 1.5 }, /not 1.5/],
      [{ for: 0 }, /for, in keep of checkpoint c, must be a duration, not 0/],
      [{ for: "soon" }, /must be a duration, not soon/],
      [{ last: 1, for: 1 }, /must be "all", \{ last: 5 \}, or/],
      ["some", /must be "all"/],
      [7, /must be "all"/]
    ]
    for (const [keep, message] of refused) {
      assert.throws(() => Phase.checkpoint("c", { keep: keep as Keep }), TypeError, message)
      assert.throws(() => Task.make("t", { keep: keep as Keep, *run() {} }), TypeError)
    }
  })
})

describe("what was discarded", () => {
  it.scoped("is not gone back to by a strategy: that of the oldest checkpoint that is kept is asked last", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.checkpoint("a", { retry: Retry.times(2) })
          yield* undoable(log, "1")
          yield* Phase.checkpoint("b", { retry: Retry.times(2), keep: { last: 1 } })
          yield* undoable(log, "2")
          yield* Phase.fail("no")
        }
      })
      const { run } = yield* engine(memory(), [task])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      assert.deepStrictEqual(log.lines, ["1", "2", "undo 2", "2"])
    })
  )

  it.scoped("is in nobody's way when groups after it are undone, by the engine that discarded it or by another", () =>
    Effect.gen(function* () {
      for (const crashes of [false, true]) {
        const log = logbook()
        const store = memory()
        const make = (end: Phase.Phase<unknown, string>) =>
          Task.make("t", {
            error: Schema.String,
            onFailure: "revert",
            keep: { last: 1 },
            *run() {
              for (const n of [1, 2, 3]) {
                yield* Phase.group(`g${n}`, function* () {
                  yield* Phase.group("inner", function* () {
                    yield* undoable(log, `${n}a`)
                    yield* Phase.checkpoint("in")
                  })
                  yield* undoable(log, `${n}b`)
                })
                if (n < 3) yield* Phase.checkpoint(`m${n}`)
              }
              yield* end
            }
          })
        const first = yield* engine(store, [make(crashes ? Phase.make("end", never) : fails(log))])
        yield* first.run(make(ends(log)).start({}, { id }))
        if (crashes) yield* recorded(store, id, "PhaseStarted", "end")
        else yield* first.service.settled(id)
        yield* first.kill
        const { service } = yield* engine(store, [make(fails(log))])
        const { discarded, status } = yield* service.settled(id)
        assert.deepStrictEqual([status, discarded?.before], ["Reverted", "m2"])
        assert.deepStrictEqual(log.lines.slice(-3), ["end", "undo 3b", "undo 3a"])
      }
    })
  )

  it.scoped("is as it was for the generator: groups, branches, races and captured failures", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const make = (end: Phase.Phase<unknown, string>) =>
        Task.make("t", {
          success: Schema.Unknown,
          error: Schema.String,
          keep: { last: 1 },
          *run() {
            yield* Phase.checkpoint("m0")
            const all = yield* Phase.all({
              x: Phase.group("g", function* () {
                yield* undoable(log, "g1")
                return yield* undoable(log, "g2")
              }),
              y: undoable(log, "y")
            })
            const won = yield* Phase.race([undoable(log, "fast"), Phase.make("slow", Effect.as(never, "slow"))])
            const left = yield* Phase.either(Phase.make("left", Effect.fail("left")))
            const tried = yield* Phase.group(
              "again",
              function* (attempt: number) {
                yield* undoable(log, `try ${attempt}`)
                if (attempt < 3) yield* Phase.fail("once more")
                return attempt
              },
              { retry: Retry.times(3) }
            )
            yield* Phase.checkpoint("m1")
            const ids = yield* Phase.forEach("items", [1, 2, 3], (n) => undoable(log, `item ${n}`))
            yield* Phase.checkpoint("m2")
            yield* end
            return { all, won, left: left._tag, tried, ids }
          }
        })
      const hangs = make(Phase.make("end", never))
      const first = yield* engine(store, [hangs])
      yield* first.run(hangs.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "end")
      yield* first.kill
      log.lines.length = 0
      assert.deepStrictEqual(tags(store, id).slice(0, 3), ["Created", "Snapshot", "Snapshot"])
      const { service } = yield* engine(store, [make(ends(log))])
      const { result, status } = yield* service.settled(id)
      assert.strictEqual(status, "Completed")
      assert.deepStrictEqual(log.lines, ["end"])
      assert.deepStrictEqual(result, {
        all: { x: "g2", y: "y" },
        won: "fast",
        left: "Left",
        tried: 3,
        ids: ["item 1", "item 2", "item 3"]
      })
    })
  )
})

describe("a journal of which a part is discarded", () => {
  it.scoped("is as large as what is left of it, also for the engine that discards", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = Task.make("long", {
        error: Schema.String,
        keep: { last: 1 },
        *run() {
          for (let page = 0; page < 40; page++) {
            yield* Phase.make(
              "page",
              Effect.flatMap(Phase.attempt, (attempt) => (attempt < 3 ? Effect.fail("no".repeat(300)) : Effect.void)),
              { retry: Schedule.recurs(3) }
            )
            yield* Phase.checkpoint("done")
          }
        }
      })
      const { run, service } = yield* engine(store, [task], { maxJournal: 20_000 })
      yield* run(task.execute({}, { id }))
      const left = store.executions.get(id)!.rows.reduce((size, { body }) => size + body.length, 0)
      assert.isBelow(left, 20_000)
      assert.strictEqual((yield* service.status(id)).status, "Completed")
    })
  )
})
