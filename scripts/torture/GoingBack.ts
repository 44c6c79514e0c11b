/** The cases of the crash matrix in which an execution goes back to a checkpoint. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import type { Case, Operator } from "./Matrix.js"
import { broken, either, flaky, inDoubt, is, often, once, resume, step } from "./Steps.js"

const back =
  (to: string): Operator =>
  ({ id }, engine) =>
    engine.revert(id, { to })

export const wentBack: ReadonlyArray<Case> = [
  {
    name: "a checkpoint has what came after it tried again",
    ends: "Completed",
    leaves: ["a", "b", "c", "d"],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          const a = yield* step(world, "a")
          const value = yield* Phase.checkpoint("mark", { retry: Retry.forEach(["x", "y", "z"]) })
          const b = yield* Phase.group("g", function* () {
            return yield* step(world, "b")
          })
          yield* Phase.all([step(world, "c"), step(world, "d")])
          yield* Phase.make("e", flaky(world, 2))
          return a + b + value
        }
      })
  },
  {
    name: "two checkpoints, and a group around them, try again one after the other, with delays",
    ends: "Failed",
    leaves: ["a", "b", "c"],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* () {
              yield* step(world, "a")
              yield* Phase.checkpoint("old", { retry: Retry.times(2) })
              yield* step(world, "b")
              yield* Phase.checkpoint("new", { retry: Retry.schedule(Schedule.intersect(often, Schedule.recurs(1))) })
              yield* step(world, "c")
              yield* broken(world, "e")
            },
            { retry: Retry.times(2) }
          )
        }
      })
  },
  {
    name: "a checkpoint undoes, and waits for the operator",
    ends: "Completed",
    leaves: ["a", "b"],
    operator: once(is("Paused"), resume),
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        *run() {
          yield* step(world, "a")
          yield* Phase.checkpoint("mark", { retry: Retry.pause })
          yield* step(world, "b")
          yield* Phase.make("e", flaky(world, 2))
        }
      })
  },
  {
    name: "back to a checkpoint, and on from there",
    ends: "Completed",
    leaves: ["a", "b", "c", "d"],
    operator: either(once(is("Failed"), back("mark")), once(is("Paused"), resume)),
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          const a = yield* step(world, "a")
          yield* Phase.checkpoint("mark")
          const b = yield* step(world, "b")
          const c = yield* Phase.group("g", function* () {
            return yield* step(world, "c")
          })
          yield* Phase.all([step(world, "d")])
          yield* Phase.make("e", flaky(world, 2))
          return a + b + c
        }
      })
  },
  {
    name: "back into a group, and on at once",
    ends: "Completed",
    leaves: ["a", "b", "c"],
    operator: once(is("Failed"), ({ id }, engine) => engine.revert(id, { to: "mark", then: "retry" })),
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          const found = yield* Phase.group("g", function* () {
            const a = yield* step(world, "a")
            yield* Phase.checkpoint("mark")
            return a + (yield* step(world, "b"))
          })
          yield* step(world, "c")
          yield* Phase.make("e", flaky(world, 1))
          return found
        }
      })
  },
  {
    name: "back with an undo that fails, and something in doubt",
    ends: "Completed",
    leaves: ["a", "b", "c"],
    operator: either(once(is("Failed"), back("mark")), once(is("RevertFailed"), resume), once(is("Paused"), resume)),
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        *run() {
          yield* step(world, "a")
          yield* Phase.checkpoint("mark")
          yield* Phase.make("c", {
            run: world.does("c", 1),
            undo: () =>
              Effect.tap(
                flaky(world, 1),
                Effect.sync(() => world.outside.delete("c"))
              )
          })
          yield* Phase.make("b", { run: world.does("b", "b"), undo: () => world.undoes("b"), ...inDoubt(world) })
          yield* Phase.make("e", flaky(world, 1))
        }
      })
  },
  {
    name: "back by a revert of its own, and reverted at last",
    ends: "Reverted",
    leaves: [],
    operator: either(
      once(is("Failed"), back("mark")),
      once(is("Paused"), ({ id }, engine) => engine.revert(id))
    ),
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        *run() {
          yield* step(world, "a")
          yield* Phase.checkpoint("mark")
          yield* Phase.make("b", world.does("b", 1))
          yield* Phase.fail("enough")
        },
        *revert(completed, { to }) {
          for (const phase of completed) {
            if (phase.name === "b") yield* Phase.make(`drop b for ${to}`, world.undoes("b"))
            else yield* phase.undo
          }
        }
      })
  }
]
