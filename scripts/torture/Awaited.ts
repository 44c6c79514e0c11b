/** The cases of the crash matrix in which an execution waits: for a time, a person, a signal, another attempt, a child. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Answers from "../../src/engine/Answers.js"
import { Phase, Retry, Task } from "../../src/index.js"
import type { Case, Operator } from "./Matrix.js"
import { either, flaky, is, once, step } from "./Steps.js"
import type { World } from "./World.js"

// In a simulated process nothing may take real time.
await Answers.load()

/** Longer than waits are sat out. */
const long = "11 seconds"

/** The tokens that somebody outside was told, each once, in their order. */
const told = new WeakMap<World, Set<string>>()

const tokensOf = (world: World): Set<string> => {
  const tokens = told.get(world) ?? new Set()
  told.set(world, tokens)
  return tokens
}

const notify =
  (world: World, takes = 0) =>
  (token: string) =>
    world.seen(() => {
      tokensOf(world).add(token)
      return Effect.sleep(takes)
    })

const asks = (world: World, takes = 0) =>
  Phase.delegate("ask", {
    success: Schema.String,
    error: Schema.String,
    notify: notify(world, takes),
    undo: () => world.undoes("ask"),
    undoUnknown: () => world.undoes("ask")
  })

/** Completes every token with what `exit` says of it, again and again. */
const completes =
  (exit: (index: number) => Exit.Exit<string, string> = () => Exit.succeed("yes")): Operator =>
  (status, engine, world) => {
    if (status.status !== "Waiting" && status.status !== "Running") return undefined
    const all = [...tokensOf(world)].map((token, index) => Effect.exit(engine.complete(token, exit(index))))
    return all.length === 0 ? undefined : Effect.all(all)
  }

const nobody: Operator = () => undefined

/** Sends the signal that is waited for, unless it is on its way. */
const signals: Operator = ({ id, waits }, engine, world) => {
  const [wait] = waits
  const sent = world.memory.letters.size > 0
  return wait?.kind === "signal" && !sent ? engine.signal(id, wait.name, wait.path) : undefined
}

const waits: ReadonlyArray<Case> = [
  {
    name: "sleeps, one after the other and beside each other",
    ends: "Completed",
    leaves: ["a", "b", "c"],
    operator: nobody,
    make: (world) =>
      Task.make("t", {
        *run() {
          yield* step(world, "a")
          yield* Phase.sleep("nap", long)
          yield* Phase.all([Phase.sleep("one", long), step(world, "b"), Phase.sleep("two", "1 seconds")])
          yield* step(world, "c")
        }
      })
  },
  {
    name: "a retry that is due later",
    ends: "Completed",
    leaves: ["a"],
    operator: nobody,
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          yield* step(world, "a")
          return yield* Phase.make("b", { run: flaky(world, 2), retry: Schedule.spaced(long) })
        }
      })
  },
  {
    name: "signals, early and awaited",
    ends: "Completed",
    leaves: ["a"],
    operator: signals,
    make: (world) =>
      Task.make("t", {
        success: Schema.Array(Schema.String),
        *run() {
          const one = yield* Phase.signal("go", Schema.String)
          yield* step(world, "a")
          return [one, yield* Phase.signal("go", Schema.String), yield* Phase.signal("stop", Schema.String)]
        }
      })
  },
  {
    name: "a child that waits",
    ends: "Completed",
    leaves: ["a", "b", "c"],
    family: { "one/kid": "Completed" },
    operator: completes(),
    make: (world) => {
      const child = Task.make("kid", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          yield* step(world, "a")
          yield* Phase.sleep("nap", long)
          const answer = yield* asks(world)
          yield* step(world, "b")
          return answer
        }
      })
      return Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          const answer = yield* child.phase({})
          yield* step(world, "c")
          return answer
        }
      })
    }
  }
]

const delegates: ReadonlyArray<Case> = [
  ...[0, 200].map(
    (takes): Case => ({
      name: `a delegate, completed ${takes === 0 ? "while it waits" : "before it waits"}`,
      ends: "Completed",
      leaves: ["a", "b"],
      operator: completes(),
      make: (world) =>
        Task.make("t", {
          error: Schema.String,
          success: Schema.String,
          *run() {
            yield* step(world, "a")
            const answer = yield* asks(world, takes)
            yield* step(world, "b")
            return answer
          }
        })
    })
  ),
  {
    name: "a phase that answers later",
    ends: "Completed",
    leaves: [],
    operator: completes(),
    make: (world) =>
      Task.make("t", {
        success: Schema.String,
        *run() {
          return yield* Phase.make("ask", {
            success: Schema.String,
            run: Effect.as(Effect.flatMap(Phase.token, notify(world)), Phase.later())
          })
        }
      })
  },
  {
    name: "a delegate that declines, and is asked again",
    ends: "Completed",
    leaves: [],
    operator: completes((index) => (index === 0 ? Exit.fail("no") : Exit.succeed("yes"))),
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          return yield* Phase.delegate("ask", {
            success: Schema.String,
            error: Schema.String,
            notify: notify(world),
            retry: Schedule.recurs(1)
          })
        }
      })
  },
  {
    name: "a delegate that is late",
    ends: "Completed",
    leaves: ["a"],
    operator: nobody,
    make: (world) =>
      Task.make("t", {
        success: Schema.Boolean,
        *run() {
          const late = yield* Phase.either(
            Phase.delegate("ask", { success: Schema.String, notify: notify(world), timeout: long })
          )
          yield* step(world, "a")
          return Either.isLeft(late)
        }
      })
  },
  {
    name: "a delegate that loses a race",
    ends: "Completed",
    leaves: ["a"],
    operator: nobody,
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.race([asks(world), Phase.sleep("nap", long)])
          yield* step(world, "a")
        }
      })
  },
  {
    name: "a delegate that an operator skips",
    ends: "Completed",
    leaves: ["a"],
    operator: either(
      once(is("Waiting"), ({ id }, engine) => engine.pause(id)),
      once(is("Paused"), ({ id }, engine) => engine.skip(id, "ask", "skipped"))
    ),
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          const answer = yield* asks(world)
          yield* step(world, "a")
          return answer
        }
      })
  }
]

const ended: ReadonlyArray<Case> = [
  ...(["Closed", "Reverted"] as const).map(
    (ends): Case => ({
      name: `${ends} while it waits`,
      ends,
      leaves: ends === "Closed" ? ["a", "clean"] : ["clean"],
      operator: once(is("Waiting"), ({ id }, engine) => engine.close(id, { revert: ends === "Reverted" })),
      make: (world) =>
        Task.make("t", {
          error: Schema.String,
          *run() {
            try {
              yield* step(world, "a")
              yield* asks(world)
            } finally {
              yield* Phase.make("clean", world.does("clean", 1))
            }
          }
        })
    })
  ),
  {
    name: "the time of a task is over",
    ends: "Reverted",
    leaves: [],
    operator: nobody,
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        timeout: long,
        onFailure: "revert",
        *run() {
          yield* step(world, "a")
          yield* asks(world)
        }
      })
  },
  {
    name: "the time of a group is over, and it is tried again",
    ends: "Completed",
    leaves: ["a", "b"],
    operator: nobody,
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              yield* step(world, "a")
              if (attempt === 1) yield* asks(world)
            },
            { timeout: long, retry: Retry.times(2) }
          )
          yield* step(world, "b")
        }
      })
  }
]

export const awaited: ReadonlyArray<Case> = [...waits, ...delegates, ...ended]
