/**
 * One release of a task: `rolling.js DATABASE LOG old|new COUNT`. It accepts COUNT executions, those that are not there yet,
 * runs what there is, and prints "all ended" when nothing is left. Each phase writes a line to LOG.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { EngineConfig, Phase, Task, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

const [, , filename = "", log = "", release = "", count] = process.argv
const isNew = release === "new"

const step = (id: string, name: string) =>
  Phase.make(
    name,
    Effect.sleep("20 millis").pipe(
      Effect.tap(() => Effect.sync(() => fs.appendFileSync(log, `${id} ${name}\n`))),
      Effect.as(name)
    )
  )

const rolled = Task.make("rolled", {
  payload: { id: Schema.String },
  success: Schema.String,
  *run({ id }) {
    let all = ""
    for (const name of ["a", "b", "c"]) all += yield* step(id, name)
    if (isNew && (yield* Phase.changed("tell them"))) all += yield* step(id, "tell")
    for (const name of ["d", "e"]) all += yield* step(id, name)
    return isNew ? `${all}.` : all
  }
})

const ids = Array.from({ length: Number(count) }, (_, n) => `r${n}`)

const main = Effect.gen(function* () {
  for (const id of ids) yield* Effect.ignore(rolled.start({ id }, { id }))
  process.stdout.write("up\n")
  for (let left = ids; left.length > 0; ) {
    yield* Effect.sleep("100 millis")
    left = (yield* Effect.filter(left, (id) =>
      Effect.map(TaskEngine.status(id), ({ status }) => status !== "Completed")
    )) as Array<string>
  }
  process.stdout.write("all ended\n")
})

// So few at a time that no process comes to the end of all.
const concurrency = Math.ceil(ids.length / 20)
const config = Layer.succeed(EngineConfig, { ...EngineConfig.defaults, concurrency })
const live = Layer.provideMerge(rolled.layer, Layer.provide(Sqlite.layer({ filename }), config))

await Effect.runPromise(Effect.scoped(Effect.provide(main, live)))
process.exit(0)
