/**
 * Makes a folder and whatever is missing above it, one phase a folder; one revert removes what it made, and only that.
 *
 *     npm run build && node dist/examples/make-dirs.js /tmp/tide/b/c
 */
import { realpathSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { PlatformError, SystemError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task, TaskEngine } from "tidemark"

/** `/a/b` for `/a/b`: the folders that have to be there, the outermost first; the root is there. */
export const ancestors = (path: string): ReadonlyArray<string> => {
  const above = dirname(path)
  return above === path ? [] : [...ancestors(above), path]
}

/**
 * Whether it made the folder; `false` if it was there. Killed after it made one and before that was recorded, the rerun
 * finds the folder and takes it for somebody else's: a revert then leaves it, rather than remove what may not be ours.
 */
const makeIfMissing = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem
  const made = yield* Effect.either(fs.makeDirectory(path))
  if (made._tag === "Right") return true
  const there = made.left._tag === "SystemError" && made.left.reason === "AlreadyExists"
  return there && (yield* fs.stat(path)).type === "Directory" ? false : yield* made.left
})

/** Removes a folder that is empty. One that holds something by now is an error: that is not ours to remove. */
const remove = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem
  if (!(yield* fs.exists(path))) return
  if ((yield* fs.readDirectory(path)).length === 0) return yield* fs.remove(path, { recursive: true })
  return yield* new SystemError({
    module: "FileSystem",
    method: "remove",
    reason: "Busy",
    pathOrDescriptor: path,
    description: "it is not empty"
  })
})

export const makeDirs = Task.make("make-dirs", {
  payload: { path: Schema.String },
  error: PlatformError,
  *run({ path }) {
    for (const folder of ancestors(path)) yield* Phase.make(folder, makeIfMissing(folder))
  },
  *revert(completed) {
    for (const phase of completed) {
      if (phase.value === true) yield* Phase.make(`remove ${phase.name}`, remove(phase.name))
    }
  }
})

/** Prints the phases that the journal has from entry `from` on, and answers how many entries there are. */
const tell = Effect.fnUntraced(function* (id: string, from: number) {
  const history = yield* TaskEngine.history(id)
  const names = new Map((yield* TaskEngine.status(id)).phases.map((phase) => [phase.path, phase.name]))
  for (const { entry } of history.slice(from)) {
    if (entry._tag !== "PhaseSucceeded") continue
    const did = entry.value === undefined ? "" : entry.value === true ? "made " : "found "
    yield* Console.log(`  ${did}${names.get(entry.path)}`)
  }
  return history.length
})

/** Makes the folder, prints what that took, reverts it, and prints what that took. */
export const story = Effect.fnUntraced(function* (path: string) {
  const id = "make-dirs-1"
  yield* Console.log(`make ${path}`)
  yield* makeDirs.execute({ path }, { id })
  const told = yield* tell(id, 0)
  yield* Console.log("revert")
  const { status } = yield* TaskEngine.revert(id)
  yield* tell(id, told)
  yield* Console.log(status)
})

const live = Layer.provideMerge(makeDirs.layer, Layer.merge(TaskEngine.layerMemory, NodeFileSystem.layer))

class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {}

const main = Effect.gen(function* () {
  const path = process.argv[2]
  if (path === undefined) return yield* new Usage({ message: "usage: node dist/examples/make-dirs.js FOLDER" })
  yield* Effect.provide(story(resolve(path)), live)
}).pipe(Effect.tapError((error) => Console.error(error.message)))

const isProgram = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
if (isProgram) NodeRuntime.runMain(main, { disableErrorReporting: true })
