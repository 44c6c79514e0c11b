import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type Crash, World } from "../../scripts/torture/World.js"
import { Phase, Task } from "../../src/index.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import { engine, entries, logbook, memory } from "../support/engines.js"
import { type Log, undoable } from "../support/phases.js"

const id = "c1"
const isNew = Phase.changed("new")
const mark = Phase.checkpoint

/** A body in two releases: the later one does `x` before `b`, in a group, beside others, and as it cleans up. */
const release = (
  log: Log,
  later: boolean,
  options: { readonly asks?: boolean; readonly fails?: () => boolean } = {}
) => {
  const asks = options.asks ?? later
  return Task.make("t", {
    success: Schema.String,
    error: Schema.String,
    *run() {
      yield* undoable(log, "a")
      yield* mark("one")
      const said: Array<boolean> = []
      const does = function* (name: string) {
        const is = asks ? yield* isNew : later
        if (is) yield* undoable(log, name)
        return is
      }
      try {
        said.push(yield* does("x"))
        yield* undoable(log, "b")
        const inGroup = yield* Phase.group("g", function* () {
          const is = yield* does("y")
          yield* undoable(log, "c")
          return is
        })
        const [, inBranch] = yield* Phase.all([
          undoable(log, "d"),
          Phase.group("h", function* () {
            yield* undoable(log, "e")
            return yield* does("z")
          })
        ])
        said.push(inGroup, inBranch)
        yield* mark("two")
        yield* Phase.make(
          "last",
          Effect.suspend(() => (options.fails?.() === true ? Effect.fail("no") : Effect.void))
        )
        return said.map(String).join()
      } finally {
        yield* does("clean")
      }
    }
  })
}

describe("a change", () => {
  it.scoped("is there for an execution that begins with it, in the commits that there are anyway", () =>
    Effect.gen(function* () {
      const writes = (asks: boolean) => {
        const world = new World()
        const task = Task.make("t", {
          *run() {
            yield* Phase.make("a", Effect.void)
            if (asks) yield* isNew
            yield* Phase.make("b", Effect.void)
          }
        })
        world.process(Effect.zipRight(task.execute({}, { id }), Effect.void), { tasks: [task] })
        return world.writes
      }
      assert.strictEqual(writes(true), writes(false))
      const log = logbook()
      const { run, service } = yield* engine(memory(), [release(log, true)])
      assert.strictEqual(yield* run(release(log, true).execute({}, { id })), "true,true,true")
      assert.deepStrictEqual(log.lines, ["a", "x", "b", "y", "c", "d", "e", "z", "clean"])
      const { phases } = yield* service.status(id)
      assert.deepInclude(phases.find(({ kind }) => kind === "changed") ?? {}, { name: "new", path: "~4new" })
    })
  )

  for (const [stopAt, said, did] of [
    ["one", "true,true,true", "x b y c d e z clean"],
    ["two", "false,false,false", "clean"]
  ] as const) {
    it.scoped(`is there for one that was stopped at ${stopAt}, where it had not gone on; and stays so`, () =>
      Effect.gen(function* () {
        const log = logbook()
        const store = memory()
        const first = yield* engine(store, [release(log, false)])
        yield* Effect.flip(first.run(release(log, false).execute({}, { id, stopAt })))
        yield* first.end
        log.lines.length = 0
        const later = release(log, true)
        const second = yield* engine(store, [later])
        const [checked] = yield* Stream.runCollect(second.service.check())
        assert.deepStrictEqual([checked?.verdict, checked?.unchanged], ["fits", stopAt === "one" ? undefined : ["new"]])
        assert.strictEqual(yield* second.run(later.execute({}, { id, resume: true })), said)
        assert.strictEqual(log.lines.join(" "), did)
        log.lines.length = 0
        yield* second.service.revert(id)
        const undone = log.lines.filter((line) => line.startsWith("undo")).length
        assert.strictEqual(undone, stopAt === "one" ? 9 : 6)
      })
    )
  }

  it.scoped("is found again by every replay, and may be taken out once nobody needs the old branch", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      let fails = true
      const later = release(log, true, { fails: () => fails })
      const first = yield* engine(store, [later])
      yield* Effect.flip(first.run(later.execute({}, { id })))
      yield* first.end
      const again = yield* engine(store, [later])
      yield* Effect.flip(again.run(later.execute({}, { id, resume: true })))
      yield* again.end
      fails = false
      const without = release(log, true, { asks: false })
      const { run } = yield* engine(store, [without])
      assert.strictEqual(yield* run(without.execute({}, { id, resume: true })), "true,true,true")
      assert.lengthOf(log.lines, 9)
    })
  )

  it.scoped("is asked for anew after going back to before it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const first = yield* engine(store, [release(log, false)])
      yield* Effect.flip(first.run(release(log, false).execute({}, { id, stopAt: "two" })))
      yield* first.end
      const later = release(log, true)
      const { run, service } = yield* engine(store, [later])
      yield* service.revert(id, { to: "one" })
      assert.strictEqual(yield* run(later.execute({}, { id, resume: true })), "true,true,true")
    })
  )

  it.scoped("is told apart from a phase of its name, and from others beside it, whatever their order", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const taskOf = (ids: ReadonlyArray<string>) =>
        Task.make("t", {
          success: Schema.String,
          *run() {
            const said: Array<string> = []
            yield* undoable(log, "new")
            for (const one of ids) said.push(`${one}: ${yield* Phase.changed(one)}`)
            yield* undoable(log, "new")
            yield* mark("stop", { pause: true })
            return said.join()
          }
        })
      const first = yield* engine(store, [taskOf(["new", "old"])])
      yield* Effect.flip(first.run(taskOf(["new", "old"]).execute({}, { id })))
      yield* first.end
      const { run } = yield* engine(store, [taskOf(["old", "newer", "new"])])
      const said = yield* run(taskOf(["old", "newer", "new"]).execute({}, { id, resume: true }))
      assert.strictEqual(said, "old: true,newer: false,new: true")
      assert.lengthOf(
        entries(store, id).filter((entry) => "kind" in entry && entry.kind === "changed"),
        2
      )
    })
  )

  it("is no branch, and has no failures", () => {
    assert.throws(() => Phase.all([isNew]), TypeError)
    assert.throws(() => Phase.either(isNew), TypeError)
  })

  it("survives a crash at any write, on either side of it, also where the execution is closed", () => {
    const live = (stopAt: string, end: "resume" | "close", crash?: Crash) => {
      const log = logbook()
      const world = new World()
      const old = release(log, false)
      world.process(Effect.either(old.execute({}, { id, stopAt })), { tasks: [old] })
      const program = Effect.gen(function* () {
        const { status } = yield* TaskEngine.status(id)
        if (status === "Paused") yield* TaskEngine[end](id)
        return yield* TaskEngine.settled(id)
      })
      const tasks = [release(log, true)]
      const ended = world.process(program, { tasks, crash })
      const { writes } = world
      const last = ended._tag === "Died" ? world.process(program, { tasks }) : ended
      const said =
        last._tag !== "Died" && Exit.isSuccess(last.exit) ? (last.exit.value.result ?? log.lines.at(-1)) : last
      return { writes, said }
    }
    for (const [stopAt, end, said] of [
      ["one", "resume", "true,true,true"],
      ["two", "resume", "false,false,false"],
      ["one", "close", "clean"]
    ] as const) {
      const straight = live(stopAt, end)
      assert.strictEqual(straight.said, said)
      for (let write = 1; write <= straight.writes; write++) {
        for (const after of [false, true]) assert.strictEqual(live(stopAt, end, { write, after }).said, said)
      }
    }
  })
})
