/**
 * One process of the demo: `node run.js run|revert SCENE`. It is all that a program with durable tasks needs: the task's
 * layer over an engine, and a call. It ends with 0, or with 1 and one line that says why.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import * as Scene from "./scene.js"
import { mirror } from "./task.js"
import * as Witness from "./witness.js"

/** Undoes all of it: what is over, what is under way (interrupted first), and what a dead process had begun to undo. */
const revert = (id: string) =>
  Effect.catchTag(TaskEngine.revert(id), "IllegalTransition", ({ from }) =>
    from === "Reverting" ? TaskEngine.settled(id) : TaskEngine.close(id, { revert: true })
  )

const work = Effect.fnUntraced(function* (verb: string | undefined, { from, id, to }: Scene.Scene) {
  if (verb === "revert") yield* revert(id)
  else yield* mirror.execute({ from, to }, { id, resume: true })
})

const main = Effect.gen(function* () {
  const [verb, argument] = process.argv.slice(2)
  const scene = yield* Schema.decodeUnknown(Scene.Argument)(argument)
  const files = Layer.provide(Witness.layer(scene.log, scene.pace), NodeFileSystem.layer)
  const live = Layer.provideMerge(mirror.layer, Layer.merge(Sqlite.layer({ filename: scene.database }), files))
  yield* Effect.provide(work(verb, scene), live)
}).pipe(
  Effect.tapError((error) => Console.error(error.message)),
  Effect.provide(Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger)))
)

NodeRuntime.runMain(main, { disableErrorReporting: true, disablePrettyLogger: true })
