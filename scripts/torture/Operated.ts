/** The cases of the crash matrix in which an operator acts, or something is in doubt. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import type { Case } from "./Matrix.js"
import { at, broken, either, flaky, hangs, inDoubt, is, often, once, rerun, resume, step } from "./Steps.js"

export const operated: ReadonlyArray<Case> = [
  ...(["Closed", "Reverted"] as const).map(
    (ends): Case => ({
      name: ends === "Closed" ? "closed in the middle" : "closed with a revert",
      ends,
      leaves: ends === "Closed" ? ["a", "clean"] : ["clean"],
      operator: once(at("b"), ({ id }, engine) => engine.close(id, { revert: ends === "Reverted" })),
      make: (world) =>
        Task.make("t", {
          *run() {
            try {
              yield* step(world, "a")
              yield* hangs(world, "b")
            } finally {
              yield* Phase.make("clean", world.does("clean", 1))
            }
          }
        })
    })
  ),
  {
    name: "a point of no return",
    ends: "Reverted",
    leaves: ["a"],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* step(world, "a")
          yield* Phase.checkpoint("paid", { commit: true })
          yield* step(world, "b")
          yield* broken(world, "c")
        }
      })
  },
  {
    name: "in doubt: the operator has it run again",
    ends: "Completed",
    leaves: ["a", "b"],
    operator: once(is("Failed"), rerun),
    make: (world) =>
      Task.make("t", {
        *run() {
          yield* step(world, "a")
          yield* Phase.make("b", { run: world.does("b", "b"), inDoubt: "ask" })
        }
      })
  },
  {
    name: "in doubt: the operator skips it",
    ends: "Completed",
    leaves: ["a"],
    operator: once(is("Failed"), ({ id, position }, engine) => engine.skip(id, position, "b")),
    make: (world) =>
      Task.make("t", {
        success: Schema.String,
        *run() {
          yield* step(world, "a")
          return yield* Phase.make("b", { run: world.seen(() => Effect.succeed("b")), inDoubt: "ask" })
        }
      })
  },
  {
    name: "in doubt: verified",
    ends: "Completed",
    leaves: ["a", "b"],
    make: (world) =>
      Task.make("t", {
        success: Schema.String,
        *run() {
          yield* step(world, "a")
          return yield* Phase.make("b", { run: world.does("b", "b"), inDoubt: "ask", ...inDoubt(world) })
        }
      })
  },
  {
    name: "in doubt: verified by the revert",
    ends: "Reverted",
    leaves: [],
    operator: once(
      (status) => at("b")(status) || at("c")(status),
      ({ id }, engine) => engine.close(id, { revert: true })
    ),
    make: (world) =>
      Task.make("t", {
        *run() {
          yield* step(world, "a")
          yield* Phase.make("b", {
            run: world.hangs("b"),
            undo: () => world.undoes("b"),
            ...inDoubt(world)
          })
          yield* hangs(world, "c")
        }
      })
  },
  {
    name: "in doubt: undone without knowing",
    ends: "Reverted",
    leaves: [],
    make: (world) =>
      Task.make("t", {
        onFailure: "revert",
        *run() {
          yield* step(world, "a")
          yield* Phase.make("b", {
            run: world.hangs("b"),
            timeout: "1 second",
            undoUnknown: () => world.undoes("b")
          })
        }
      })
  },
  {
    name: "paused and resumed",
    ends: "Completed",
    leaves: ["a", "c"],
    operator: either(
      once(at("b"), ({ id }, engine) => engine.pause(id)),
      once(is("Paused"), resume)
    ),
    make: (world) =>
      Task.make("t", {
        *run() {
          yield* step(world, "a")
          yield* Phase.make(
            "b",
            world.seen(() => Effect.sleep("100 millis"))
          )
          yield* step(world, "c")
        }
      })
  },
  {
    name: "paused, then closed",
    ends: "Closed",
    leaves: ["a", "clean"],
    operator: either(
      once(at("b"), ({ id }, engine) => engine.pause(id)),
      once(is("Paused"), ({ id }, engine) => engine.close(id))
    ),
    make: (world) =>
      Task.make("t", {
        *run() {
          try {
            yield* step(world, "a")
            yield* Phase.make(
              "b",
              world.seen(() => Effect.sleep("100 millis"))
            )
            yield* step(world, "c")
          } finally {
            yield* Phase.make("clean", world.does("clean", 1))
          }
        }
      })
  },
  {
    name: "an undo fails, and the operator lets it go on",
    ends: "Reverted",
    leaves: [],
    operator: once(is("RevertFailed"), resume),
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* step(world, "a")
          yield* Phase.make("b", {
            run: world.does("b", 1),
            undo: () =>
              Effect.tap(
                flaky(world, 1),
                Effect.sync(() => world.outside.delete("b"))
              )
          })
          yield* step(world, "c")
          yield* Phase.fail("enough")
        }
      })
  },
  {
    name: "an undo fails, and the operator skips it",
    ends: "Reverted",
    leaves: ["b"],
    operator: once(is("RevertFailed"), ({ id, position }, engine) => engine.skip(id, position)),
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* step(world, "a")
          yield* Phase.make("b", { run: world.does("b", 1), undo: () => world.seen(() => Effect.fail("no")) })
          yield* step(world, "c")
          yield* Phase.fail("enough")
        }
      })
  },
  {
    name: "an undo is tried again on a schedule",
    ends: "Reverted",
    leaves: [],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* step(world, "a")
          yield* Phase.make("b", { run: world.seen(() => Effect.void), undo: () => flaky(world, 2), undoRetry: often })
          yield* Phase.fail("enough")
        }
      })
  }
]
