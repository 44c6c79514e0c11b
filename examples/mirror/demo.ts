/**
 * The demo: mirrors a real tree in one process, kills that with SIGKILL half-way, resumes in a second, proves that
 * nothing recorded ran twice and that the copy is exact, reverts in a third, and proves that nothing is left.
 *
 *     npm run demo -- [PATH] [--keep]
 */
import { join, resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { FileSystem } from "@effect/platform/FileSystem"
import * as NodeCommandExecutor from "@effect/platform-node/NodeCommandExecutor"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Acts from "./acts.js"
import * as Proof from "./proof.js"
import { Screen } from "./screen.js"
import { contents } from "./task.js"

/** The demo cannot be given, for a reason that is no fault of what it shows. */
class Unfit extends Data.TaggedError("Unfit")<{ readonly message: string }> {}

/** However few files there are, copying them takes about this many milliseconds: there has to be a middle to be killed in. */
const least = 2_000

/** One file has no middle; more than these take longer than anybody would watch. */
const [fewest, most] = [2, 5_000]

const options = Effect.try({
  try: () => {
    const given = parseArgs({ allowPositionals: true, options: { keep: { type: "boolean", default: false } } })
    if (given.positionals.length > 1) throw new Error("more than one path")
    const source = fileURLToPath(new URL("src", import.meta.resolve("effect/package.json")))
    return { keep: given.values.keep, from: resolve(process.env.INIT_CWD ?? ".", given.positionals[0] ?? source) }
  },
  catch: () => new Unfit({ message: "usage: npm run demo -- [PATH] [--keep]" })
})

/** How many files there are to mirror, if they can be. */
const countOf = Effect.fnUntraced(function* (from: string, workplace: string) {
  const fs = yield* FileSystem
  const isFolder = Effect.map(fs.stat(from), ({ type }) => type === "Directory")
  if (!(yield* Effect.orElseSucceed(isFolder, () => false)))
    return yield* new Unfit({ message: `there is no folder ${from}` })
  if (`${workplace}${sep}`.startsWith(join(from, sep))) {
    return yield* new Unfit({
      message: `${from} holds the folder that the demo works in, ${workplace}: choose another`
    })
  }
  const count = (yield* contents(from)).files.length
  if (count >= fewest && count <= most) return count
  return yield* new Unfit({ message: `${from} holds ${count} files: choose a folder with ${fewest} to ${most}` })
})

/** A fresh folder that goes when the demo ends; or stays, and is named. */
const workplaceOf = Effect.fnUntraced(function* (keep: boolean) {
  const fs = yield* FileSystem
  const { line } = yield* Screen
  const made = Effect.flatMap(fs.makeTempDirectory({ prefix: "tidemark-demo-" }), fs.realPath)
  return yield* Effect.acquireRelease(made, (path) =>
    keep ? line(`\nkept: ${path}`) : Effect.orDie(fs.remove(path, { recursive: true }))
  )
})

const setStage = Effect.fnUntraced(function* (from: string, workplace: string) {
  const fs = yield* FileSystem
  const files = yield* countOf(from, workplace)
  const to = join(workplace, "backup")
  yield* fs.makeDirectory(to)
  yield* fs.writeFileString(join(to, "letter.txt"), "I was here before.\n")
  const stage: Acts.Stage = {
    files,
    before: yield* Proof.snapshot(to),
    scene: {
      id: "mirror-1",
      from,
      to,
      database: join(workplace, "tidemark.db"),
      log: join(workplace, "ran.log"),
      pace: Math.floor(least / files)
    }
  }
  return stage
})

const demo = Effect.gen(function* () {
  const { from, keep } = yield* options
  const { line } = yield* Screen
  const workplace = yield* workplaceOf(keep)
  const stage = yield* setStage(from, workplace)
  yield* line(`tidemark demo: a mirror of ${from}, ${stage.files} files, in ${stage.scene.to}`, "bold")
  if (stage.scene.pace > 0)
    yield* line(`each copy is slowed down by ${stage.scene.pace} ms, so that there is a middle`, "dim")
  const [took] = yield* Effect.timed(
    Effect.gen(function* () {
      const first = yield* Acts.killed(stage)
      yield* Acts.resumed(stage, first)
      yield* Acts.reverted(stage)
    })
  )
  yield* line(`\nAll of it holds, in ${Duration.toSeconds(took).toFixed(1)} s.`, "bold")
  yield* line(
    `A process was killed with SIGKILL in the middle of ${stage.files} files. Another went on where it had stopped, did\n` +
      "nothing twice that was on record, and the copy is exact. One revert then took all of it away, and nothing else."
  )
}).pipe(
  Effect.scoped,
  Effect.tapError((error) => Effect.flatMap(Screen, (screen) => screen.error(`demo: ${error.message}`)))
)

const live = Layer.mergeAll(
  Screen.on(process.stdout, process.stderr, process.stdout.isTTY && process.env.NO_COLOR === undefined),
  Layer.provideMerge(NodeCommandExecutor.layer, NodeFileSystem.layer)
)

NodeRuntime.runMain(Effect.provide(demo, live), { disableErrorReporting: true })
