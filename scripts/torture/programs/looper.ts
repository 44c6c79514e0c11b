/**
 * `looper.js DATABASE COUNT LOOPS`: COUNT executions "e0", "e1" ..., of which those of the numbers LOOPS ("3,7") never come
 * back from the code between two phases. Ends when all of the others have ended and those have failed, and prints how each
 * stands; unless its watchdog kills it. `looper.js DATABASE report` keeps the event loop for a second and a half, once;
 * `looper.js DATABASE native` for two and a half, in code that is not JavaScript.
 */
import { spawnSync } from "node:child_process"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import { Watchdog } from "tidemark/watchdog"

const [, , filename = "", countText = "", loopsText = ""] = process.argv
const isOnce = countText === "report" || countText === "native"
const count = isOnce ? 1 : Number(countText)
const loops = isOnce ? [0] : loopsText.split(",").map(Number)

const neverComesBack = (began: number): void => {
  if (countText === "native") spawnSync(process.execPath, ["-e", "setTimeout(() => {}, 2_500)"])
  else while (!isOnce || performance.now() - began < 1_500) loops.sort()
}

const task = Task.make("looper", {
  payload: { number: Schema.Number },
  *run({ number }) {
    yield* Phase.make("first", Effect.sleep("20 millis"))
    if (loops.includes(number)) neverComesBack(performance.now())
    yield* Phase.make("last", Effect.sleep("300 millis"))
  }
})

const main = Effect.gen(function* () {
  for (let number = 0; number < count; number++) yield* task.start({ number }, { id: `e${number}` })
  while ((yield* TaskEngine.list({ status: ["Pending", "Running"], limit: 1 })).length > 0) {
    yield* Effect.sleep("20 millis")
  }
  const all = yield* TaskEngine.list({})
  process.stdout.write(`${JSON.stringify(Object.fromEntries(all.map(({ id, status }) => [id, status])))}\n`)
})

const watchdog = Watchdog.layer({ after: "500 millis", then: isOnce ? "report" : "kill" })
const engine = Layer.merge(Layer.provideMerge(task.layer, Sqlite.layer({ filename })), watchdog)

await Effect.runPromise(Effect.provide(main, engine))
