/** A task of three phases in a process of its own: `cold.js DATABASE`. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

const three = Task.make("three", {
  payload: { name: Schema.String },
  success: Schema.String,
  *run({ name }) {
    const greeting = yield* Phase.make("greet", Effect.succeed(`hello ${name}`))
    const length = yield* Phase.make("measure", Effect.succeed(greeting.length))
    return yield* Phase.make("answer", Effect.succeed(`${greeting} (${length})`))
  }
})

const main = Effect.provide(
  three.execute({ name: "tide" }, { id: "cold" }),
  Sqlite.layer({ filename: process.argv[2]! })
)
process.stdout.write(`${await Effect.runPromise(main)}\n`)
