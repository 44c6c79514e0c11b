/** Journals that a repository keeps, of its releases: whether the code at hand can still go on with them. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Checked } from "../authoring/Checked.js"
import type { Definition } from "../authoring/Definition.js"
import { ExportUnreadable, TaskConflict } from "../core/Errors.js"
import * as Check from "../engine/Check.js"
import * as Exported from "../store/Exported.js"

/** What becomes of the execution whose journal is in a file. */
export interface CheckedFile extends Checked {
  readonly file: string
}

const filesOf = (folder: string): Effect.Effect<ReadonlyArray<string>, ExportUnreadable> =>
  Effect.try({
    try: () =>
      fs
        .readdirSync(folder)
        .filter((name) => name.endsWith(".json"))
        .sort(),
    catch: (thrown) => new ExportUnreadable({ file: folder, reason: (thrown as Error).message })
  }).pipe(
    Effect.filterOrFail(
      (files) => files.length > 0,
      () => new ExportUnreadable({ file: folder, reason: "there is no .json file in it" })
    )
  )

/**
 * Checks every journal in a folder (`*.json`, each a file of `tidemark export`) against these tasks, as `TaskEngine.check`
 * does for those in a store: by replay alone. Answers one object for each file, by name.
 *
 * What has ended is checked too: its body has to come to the same phases, and its revert would need them. A task that is not
 * among these is `missing`. `ExportUnreadable`: there is no such folder or no file in it; or a file is none, damaged, or of a
 * newer tidemark. Dies with `TaskConflict` for two tasks of one name and version.
 *
 * @example
 * import { Phase, Task } from "tidemark"
 * import { checkJournals } from "tidemark/testing"
 * import * as Effect from "effect/Effect"
 *
 * const greet = Task.make("greet", {
 *   *run() {
 *     yield* Phase.make("print", Effect.log("hello"))
 *   }
 * })
 * const unfit = Effect.map(checkJournals("test/golden", [greet]), (found) =>
 *   found.filter(({ verdict }) => verdict !== "fits")
 * )
 */
export const checkJournals = Effect.fn("checkJournals")(function* (
  folder: string,
  tasks: ReadonlyArray<{ readonly definition: Definition }>
) {
  const code = new Map<string, Definition>()
  const keyOf = (task: string, version: number): string => JSON.stringify([task, version])
  for (const { definition } of tasks) {
    const { name: task, version } = definition
    if (code.has(keyOf(task, version))) return yield* Effect.die(new TaskConflict({ task, version }))
    code.set(keyOf(task, version), definition)
  }
  return yield* Effect.forEach(yield* filesOf(folder), (name) =>
    Effect.gen(function* () {
      const file = path.join(folder, name)
      const read = Exported.read(fs.readFileSync(file, "utf8"))
      if (Either.isLeft(read)) return yield* new ExportUnreadable({ file, reason: `it is ${read.left.is}` })
      const checked = yield* Check.journal(({ task, version }) => code.get(keyOf(task, version)), read.right)
      return { file: name, ...checked } satisfies CheckedFile
    })
  )
})
