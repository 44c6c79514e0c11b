import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import { compiled } from "./support/Compiled.js"
import type { Running } from "./support/Process.js"
import { start } from "./support/Process.js"
import { temporaryFile } from "./support/TemporaryFolder.js"

const programs = compiled()

const opens = Effect.fnUntraced(function* (filename: string, mode: string) {
  return yield* start(programs(), "opens", [filename, mode])
})

const kill = (running: Running, signal: NodeJS.Signals) => Effect.sync(() => void running.process.kill(signal))

const linux = process.platform === "linux"

/** Stops it, and waits until the kernel has. */
const stop = (running: Running) =>
  Effect.gen(function* () {
    yield* kill(running, "SIGSTOP")
    const stat = `/proc/${running.process.pid}/stat`
    while (linux && !/\) T /.test(fs.readFileSync(stat, "utf8"))) yield* Effect.yieldNow()
  })

describe("the engine's lock, among processes", () => {
  it.scoped("names the owner within milliseconds, running or stopped, and is free once it is killed", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const owner = yield* opens(filename, "own")
      assert.strictEqual(yield* owner.line, "ready")
      const store = yield* SqliteStore.make({ filename })
      for (const [signal, state] of [
        [undefined, "running"],
        ["SIGSTOP", "stopped"]
      ] as const) {
        if (signal !== undefined) yield* stop(owner)
        const before = performance.now()
        const busy = yield* Effect.flip(Effect.scoped(store.own))
        assert.isBelow(performance.now() - before, 250)
        if (busy._tag !== "EngineBusy") return assert.fail(busy.message)
        assert.deepStrictEqual([busy.pid, busy.store], [owner.process.pid, fs.realpathSync(filename)])
        if (linux) assert.strictEqual(busy.state, state)
        assert.include(busy.message, `process ${owner.process.pid}`)
      }
      yield* kill(owner, "SIGKILL")
      const before = performance.now()
      yield* owner.end
      assert.isTrue(yield* store.own, "the owner before died")
      assert.isBelow(performance.now() - before, 1_000)
      const other = yield* opens(filename, "try")
      const refused = yield* other.line
      assert.deepInclude(refused, { _tag: "EngineBusy", pid: process.pid })
      assert.isBelow(refused.took, 1_000)
      assert.strictEqual((yield* other.end).stderr, "")
    })
  )

  it.scoped("has eight starters on an empty path make one schema, without an error", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const starters = yield* Effect.forEach(["a", "b", "c", "d", "e", "f", "g", "h"], (id) => opens(filename, id))
      const ends = yield* Effect.forEach(starters, ({ end }) => end)
      for (const { code, stderr } of ends) assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      const store = yield* SqliteStore.make({ filename })
      assert.strictEqual((yield* store.list({ order: "oldest" })).map(({ id }) => id).join(""), "abcdefgh")
    })
  )

  it.scoped("gives a killed writer's store to the next, with all that it acknowledged", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      let acknowledged = 0
      for (let round = 0; round < 3; round++) {
        const writer = yield* opens(filename, "write")
        assert.strictEqual(yield* writer.line, "ready")
        for (let n = 0; n < 20; n++) acknowledged = yield* writer.line
        yield* kill(writer, "SIGKILL")
        yield* writer.end
      }
      const store = yield* SqliteStore.make({ filename })
      yield* store.own
      assert.isAtLeast((yield* store.read("a", 0)).length, acknowledged + 1)
      assert.strictEqual((yield* store.damage).size, 0)
    })
  )

  it.scoped("notices within one look what another process wrote", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const store = yield* SqliteStore.make({ filename })
      const before = yield* store.changed(undefined, 0)
      assert.strictEqual(yield* store.changed(undefined, 0), before)
      yield* (yield* opens(filename, "other")).end
      assert.notStrictEqual(yield* store.changed(undefined, 0), before)
    })
  )
})

describe("the engine's lock, in a process", () => {
  it.scoped("is one for all spellings of a path", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const folder = path.dirname(filename)
      fs.symlinkSync(filename, path.join(folder, "link.db"))
      fs.symlinkSync(folder, path.join(folder, "itself"))
      const spellings = [
        path.join(folder, "link.db"),
        path.join(folder, "itself", "tidemark.db"),
        `${folder}/./itself/../tidemark.db`,
        path.relative(process.cwd(), filename)
      ]
      // The file is not there yet: the first spelling, a dangling link, makes it.
      const first = yield* SqliteStore.make({ filename: spellings[0]! })
      yield* first.own
      for (const spelling of spellings) {
        const store = yield* SqliteStore.make({ filename: spelling })
        assert.strictEqual(store.name, fs.realpathSync(filename))
        const busy = yield* Effect.flip(Effect.scoped(store.own))
        assert.deepInclude(busy, { _tag: "EngineBusy", pid: process.pid })
      }
    })
  )

  it.scoped("does not believe what a dead owner left", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const store = yield* SqliteStore.make({ filename })
      const note = `${filename}.engine-lock.json`
      fs.writeFileSync(note, JSON.stringify({ pid: process.ppid, since: 1, owner: "somebody" }))
      const scope = yield* Scope.make()
      yield* Scope.extend(store.own, scope)
      const busy = yield* Effect.flip(Effect.scoped(store.own))
      assert.deepInclude(busy, { _tag: "EngineBusy", pid: process.pid })
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(fs.existsSync(note))
      fs.writeFileSync(note, "not even JSON")
      yield* store.own
    })
  )

  it.scoped("refuses a worker thread of the owner's process", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const folder = programs()
      const store = yield* SqliteStore.make({ filename })
      yield* store.own
      const { Worker } = yield* Effect.promise(() => import("node:worker_threads"))
      const program = path.join(folder, "test/store/support/programs/opens.js")
      const worker = new Worker(program, { argv: [filename, "try"], stdout: true })
      const said = yield* Effect.async<string>((resume) => {
        worker.stdout.once("data", (text) => resume(Effect.succeed(String(text))))
        worker.once("error", (cause) => resume(Effect.die(cause)))
      })
      assert.deepInclude(JSON.parse(said), { _tag: "EngineBusy", pid: process.pid })
      yield* Effect.promise(() => worker.terminate())
      // The thread that was refused took nothing of the lock with it.
      assert.strictEqual((yield* Effect.flip(Effect.scoped(store.own)))._tag, "EngineBusy")
    })
  )
})
