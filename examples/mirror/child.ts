/** A process of the demo, as its parent sees it. */
import { fileURLToPath } from "node:url"
import * as Command from "@effect/platform/Command"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Scene from "./scene.js"

/** The process did not end as it should have; its own last line says why. */
export class ChildFailed extends Data.TaggedError("ChildFailed")<{ readonly message: string }> {}

const program = fileURLToPath(new URL("./run.js", import.meta.url))

/** Starts a process; it is ended with the scope. */
export const start = Effect.fnUntraced(function* (verb: Scene.Verb, scene: Scene.Scene) {
  const argument = yield* Schema.encode(Scene.Argument)(scene)
  const running = yield* Command.start(Command.make(process.execPath, program, verb, argument))
  yield* Effect.forkScoped(Stream.runDrain(running.stdout))
  const said = yield* Effect.forkScoped(Stream.mkString(Stream.decodeText(running.stderr)))
  const failed = (why: string) => new ChildFailed({ message: `process ${running.pid} (${verb}): ${why}` })
  /** Waits until it has done its work. */
  const done = Effect.gen(function* () {
    if ((yield* running.exitCode) === 0) return
    return yield* failed((yield* Fiber.join(said)).trim().split("\n").pop() || "it failed, and said nothing")
  })
  /** Kills it as soon as `ready` is; nothing of it is warned. */
  const killWhen = <R>(ready: Effect.Effect<unknown, never, R>) =>
    Effect.raceFirst(ready, Effect.zipRight(done, failed("it ended before it could be killed"))).pipe(
      Effect.zipRight(running.kill("SIGKILL")),
      Effect.catchTag("SystemError", (error) => failed(error.message))
    )
  return { pid: Number(running.pid), done, killWhen }
})
