/** The cases of the crash matrix: one for every way in which a task can go. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import type { Case, Operator } from "./Matrix.js"
import type { World } from "./World.js"

/** A phase that happens outside, and can be undone. */
export const step = (world: World, name: string) =>
  Phase.make(name, { run: world.does(name, name), undo: () => world.undoes(name) })

const broken = (world: World, name: string) => Phase.make(name, world.seen(() => Effect.fail("no")))

/** Fails until that was recorded `times` times. */
const flaky = (world: World, times: number) =>
  world.seen(({ execution, path }) => world.failures(execution, path) < times ? Effect.fail("again") : Effect.succeed("done"))

const often = Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(5))

const once = (wanted: (status: Parameters<Operator>[0]) => boolean, act: Operator): Operator => (status, engine, world) =>
  wanted(status) ? act(status, engine, world) : undefined

const at = (position: string) => ({ position: here, status }: Parameters<Operator>[0]): boolean => status === "Running" && here === position

const is = (wanted: string) => ({ status }: Parameters<Operator>[0]): boolean => status === wanted

const either = (...operators: ReadonlyArray<Operator>): Operator => (status, engine, world) => {
  for (const operator of operators) {
    const act = operator(status, engine, world)
    if (act !== undefined) return act
  }
  return undefined
}

const resume: Operator = ({ id }, engine) => engine.resume(id)
const rerun: Operator = ({ id }, engine) => engine.resume(id, { inDoubt: "rerun" })
const revert: Operator = ({ id }, engine) => engine.revert(id)

/** The work hangs until somebody interrupts it. */
const hangs = (world: World, name: string) =>
  Phase.make(name, {
    run: world.seen(() => Effect.never as Effect.Effect<void>),
    undo: () => world.undoes(name),
    undoUnknown: () => world.undoes(name)
  })

const inDoubt = (world: World) => ({
  verify: Effect.sync(() => world.outside.has("b") ? Option.some("b") : Option.none<string>())
})

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
          const died = yield* Phase.exit(Phase.make("c", world.seen(() => Effect.dieMessage("oops"))))
          const late = yield* Phase.either(Phase.make("d", { run: world.seen(() => Effect.never), timeout: "1 second" }))
          const defect = Exit.isFailure(died) ? Cause.squash(died.cause) : undefined
          return [Either.isLeft(left) ? left.left : "?", defect instanceof Error ? defect.message : "?", Either.isLeft(late)].join()
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
  {
    name: "closed in the middle",
    ends: "Closed",
    leaves: ["a", "clean"],
    operator: once(at("b"), ({ id }, engine) => engine.close(id)),
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
  },
  {
    name: "closed with a revert",
    ends: "Reverted",
    leaves: ["clean"],
    operator: once(at("b"), ({ id }, engine) => engine.close(id, { revert: true })),
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
  },
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
            run: Effect.zipRight(world.does("b", "b"), Effect.never as Effect.Effect<string>),
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
            run: Effect.zipRight(world.does("b", "b"), Effect.never as Effect.Effect<string>),
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
    operator: either(once(at("b"), ({ id }, engine) => engine.pause(id)), once(is("Paused"), resume)),
    make: (world) =>
      Task.make("t", {
        *run() {
          yield* step(world, "a")
          yield* Phase.make("b", world.seen(() => Effect.sleep("100 millis")))
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
            yield* Phase.make("b", world.seen(() => Effect.sleep("100 millis")))
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
            undo: () => Effect.tap(flaky(world, 1), Effect.sync(() => world.outside.delete("b")))
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
