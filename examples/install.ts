/**
 * An installation that is driven back and forth by the names of its checkpoints, as the checkpointing page of TaskFlow has it:
 * bootstrap, configured, installed, tested. What it does is real: files in a folder.
 *
 *     npm run build
 *     node dist/examples/install.js FOLDER to configured    # from nothing, or from wherever it stands, to that checkpoint
 *     node dist/examples/install.js FOLDER to tested        # on
 *     node dist/examples/install.js FOLDER to bootstrap     # back: what came after is removed, newest first
 *     node dist/examples/install.js FOLDER finish           # on to its end
 *
 * Kill it at any time, and say again where to. If `FOLDER/broken` is there, the test fails: the installation goes back to
 * `configured` by itself, tries once more, and then pauses there for you to remove the file.
 */
import { realpathSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

export const checkpoints = ["bootstrap", "configured", "installed", "tested"] as const

class Broken extends Schema.TaggedError<Broken>()("Broken", { file: Schema.String }) {}

/** Writes a file of the installation, and removes it again. Doing either twice changes nothing. */
const file = (folder: string, name: string, text: string) =>
  Phase.make(name, {
    run: Effect.flatMap(FileSystem, (fs) => Effect.orDie(fs.writeFileString(join(folder, name), text))),
    undo: () => Effect.flatMap(FileSystem, (fs) => Effect.orDie(fs.remove(join(folder, name), { force: true })))
  })

const test = (folder: string) =>
  Effect.flatMap(FileSystem, (fs) =>
    Effect.flatMap(Effect.orDie(fs.exists(join(folder, "broken"))), (broken) =>
      broken ? Effect.fail(new Broken({ file: "broken" })) : Effect.void
    )
  )

/** Once more, then wait for somebody. */
const onceMore = Retry.from({ first: null, next: (tries) => (tries.length < 2 ? Retry.again(null) : Retry.pause) })

export const install = Task.make("install", {
  payload: { folder: Schema.String },
  error: Broken,
  checkpoints,
  *run({ folder }) {
    yield* file(folder, "disk", "formatted")
    yield* Phase.checkpoint("bootstrap")
    const hosts = yield* Phase.make("find hosts", Effect.succeed(["a", "b"]))
    yield* file(folder, "config", hosts.join("\n"))
    yield* Phase.checkpoint("configured", { data: { hosts }, retry: onceMore })
    yield* Phase.group("packages", function* () {
      yield* Phase.forEach("hosts", hosts, (host) => file(folder, `package-${host}`, "installed"), { concurrency: 2 })
    })
    yield* Phase.checkpoint("installed")
    yield* Phase.make("test", test(folder))
    yield* Phase.checkpoint("tested")
    yield* file(folder, "done", "yes")
  }
})

/** Where it stands, and what is in the folder. */
const tell = Effect.fnUntraced(function* (id: string, folder: string) {
  const fs = yield* FileSystem
  const { checkpoints, position, status } = yield* TaskEngine.status(id)
  const files = (yield* fs.readDirectory(folder)).filter((name) => !name.startsWith("install.db")).sort()
  yield* Console.log(`${status} at ${position}: ${files.join(" ")}`)
  return checkpoints.map(({ name }) => name)
})

/** Has the installation in a folder go to a checkpoint, wherever it stands; it is started if there is none. */
export const to = Effect.fnUntraced(function* (folder: string, checkpoint: string) {
  const id = `install ${folder}`
  const there = yield* Effect.either(install.execute({ folder }, { id, stopAt: checkpoint }))
  const paused = there._tag === "Left" && there.left._tag === "ExecutionPaused"
  if (paused || (there._tag === "Left" && there.left._tag === "ExecutionFailed")) yield* TaskEngine.goTo(id, checkpoint)
  else if (there._tag === "Left") return yield* there.left
  return yield* tell(id, folder)
})

export const finish = Effect.fnUntraced(function* (folder: string) {
  const id = `install ${folder}`
  const ended = yield* Effect.either(install.execute({ folder }, { id, resume: true }))
  if (ended._tag === "Left" && ended.left._tag !== "ExecutionPaused") return yield* ended.left
  return yield* tell(id, folder)
})

class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {}

const main = Effect.gen(function* () {
  const [given, verb, checkpoint] = process.argv.slice(2)
  const isTo = verb === "to" && checkpoint !== undefined
  if (given === undefined || !(isTo || verb === "finish")) {
    return yield* new Usage({ message: "usage: node dist/examples/install.js FOLDER (to CHECKPOINT | finish)" })
  }
  const folder = resolve(given)
  const store = Sqlite.layer({ filename: join(folder, "install.db") })
  const live = Layer.provideMerge(install.layer, Layer.merge(store, NodeFileSystem.layer))
  yield* Effect.provide(isTo ? to(folder, checkpoint) : finish(folder), live)
}).pipe(Effect.tapError((error) => Console.error(error.message)))

const isProgram = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
if (isProgram) NodeRuntime.runMain(main, { disableErrorReporting: true })
