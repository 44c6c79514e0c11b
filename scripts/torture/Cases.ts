/** The cases of the crash matrix: one for every way in which a task can go. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { awaited } from "./Awaited.js"
import { wentBack } from "./GoingBack.js"
import type { Case } from "./Matrix.js"
import { operated } from "./Operated.js"
import { broken, flaky, is, often, once, resume, revert, step } from "./Steps.js"

export const cases: ReadonlyArray<Case> = [
  {
    name: "three phases and a checkpoint",
    ends: "Completed",
    leaves: ["a", "b", "c"],
    make: (world) =>
      Task.make("t", {
        success: Schema.String,
        *run() {
          const a = yield* step(world, "a")
          const b = yield* step(world, "b")
          yield* Phase.checkpoint("mark", { data: { a } })
          return a + b + (yield* step(world, "c"))
        }
      })
  },
  {
    name: "reverted by an operator",
    ends: "Reverted",
    leaves: [],
    operator: once(is("Completed"), revert),
    make: (world) =>
      Task.make("t", {
        *run() {
          for (const name of ["a", "b", "c"]) yield* step(world, name)
        }
      })
  },
  {
    name: "a failure reverts",
    ends: "Reverted",
    leaves: [],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* step(world, "a")
          yield* step(world, "b")
          yield* broken(world, "c")
        }
      })
  },
  {
    name: "a revert of its own",
    ends: "Reverted",
    leaves: [],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* step(world, "a")
          yield* Phase.make("b", world.does("b", 7))
          yield* step(world, "c")
          yield* Phase.fail("enough")
        },
        *revert(completed) {
          for (const phase of completed) {
            if (phase.value === 7) yield* Phase.make(`drop ${phase.name}`, world.undoes(phase.name))
            else yield* phase.undo
          }
        }
      })
  },
  {
    name: "retries on a schedule",
    ends: "Completed",
    leaves: ["a"],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        success: Schema.String,
        *run() {
          yield* step(world, "a")
          return yield* Phase.make("b", { run: flaky(world, 3), retry: often })
        }
      })
  },
  {
    name: "retries come to their end",
    ends: "Failed",
    leaves: ["a"],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        *run() {
          yield* step(world, "a")
          yield* Phase.make("b", { run: flaky(world, 9), retry: Schedule.recurs(2) })
        }
      })
  },
  {
    name: "a new round after a resume",
    ends: "Completed",
    leaves: [],
    operator: once(is("Failed"), resume),
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.make("b", { run: flaky(world, 4), retry: Schedule.recurs(2) })
        }
      })
  },
  {
    name: "failures as values",
    ends: "Completed",
    leaves: ["a"],
    make: (world) =>
      Task.make("t", {
        success: Schema.String,
        *run() {
          yield* step(world, "a")
          const left = yield* Phase.either(broken(world, "b"))
          const died = yield* Phase.exit(
            Phase.make(
              "c",
              world.seen(() => Effect.dieMessage("oops"))
            )
          )
          const late = yield* Phase.either(
            Phase.make("d", { run: world.seen(() => Effect.never), timeout: "1 second" })
          )
          const defect = Exit.isFailure(died) ? Cause.squash(died.cause) : undefined
          return [
            Either.isLeft(left) ? left.left : "?",
            defect instanceof Error ? defect.message : "?",
            Either.isLeft(late)
          ].join()
        }
      })
  },
  {
    name: "gives up",
    ends: "Failed",
    leaves: ["a"],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        *run() {
          yield* step(world, "a")
          yield* Phase.fail("enough")
        }
      })
  },
  {
    name: "the body throws, its finally yields",
    ends: "Failed",
    leaves: ["a", "clean"],
    make: (world) =>
      Task.make("t", {
        *run() {
          try {
            yield* step(world, "a")
            throw new Error("oops")
          } finally {
            yield* Phase.make("clean", world.does("clean", 1))
          }
        }
      })
  },
  {
    name: "the body throws and is reverted",
    ends: "Reverted",
    leaves: [],
    make: (world) =>
      Task.make("t", {
        onFailure: "revert",
        *run() {
          yield* step(world, "a")
          yield* step(world, "b")
          throw new Error("oops")
        }
      })
  },
  {
    name: "a failure cleans up and reverts",
    ends: "Reverted",
    leaves: ["clean", "inner"],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          try {
            yield* step(world, "a")
            try {
              yield* broken(world, "b")
            } finally {
              yield* Phase.make("inner", world.does("inner", 1))
            }
          } finally {
            yield* Phase.make("clean", world.does("clean", 1))
          }
        }
      })
  },
  ...operated,
  ...wentBack,
  ...awaited
]
