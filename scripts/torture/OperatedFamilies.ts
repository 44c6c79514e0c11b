/** The cases of the crash matrix in which an operator acts on tasks that call others, or on those that they call. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { family, frail, kid, long, middle, parent } from "./Family.js"
import type { Case } from "./Matrix.js"
import { at, broken, either, flaky, is, once, rerun, resume, revert, step } from "./Steps.js"
import type { World } from "./World.js"

/** Whether this child has been paused, and is. */
const pausesOf = (world: World, child: string) => ({
  now: world.memory.executions.has(child) && world.history(child).status === "Paused",
  ever: world.entries(child).some(({ entry }) => entry._tag === "PauseRequested")
})

export const operatedFamilies: ReadonlyArray<Case> = [
  {
    name: "a child fails, and goes on with its parent",
    ends: "Completed",
    leaves: ["f1"],
    family: { "one/frail": "Completed" },
    operator: once(is("Failed"), resume),
    make: (world) => {
      const child = frail(world, 1)
      return family(
        parent(function* () {
          return yield* child.phase({})
        }),
        child
      )
    }
  },
  {
    name: "a child beside a failure, both go on",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean"],
    family: { "one/all/kid": "Completed" },
    operator: once(is("Failed"), resume),
    make: (world) => {
      const child = kid(world)
      return family(
        parent(function* () {
          return yield* Phase.all([
            child.phase({ n: "k" }),
            Phase.make("b", Effect.delay(flaky(world, 1), "50 millis"))
          ])
        }),
        child
      )
    }
  },
  {
    name: "paused with a child",
    ends: "Paused",
    leaves: [],
    family: { "one/all/long": "Paused" },
    operator: once(at("all/long"), ({ id }, engine) => engine.pause(id)),
    make: (world) => {
      const child = long(world)
      return family(
        parent(function* () {
          yield* Phase.all([child.phase({})])
        }),
        child
      )
    }
  },
  {
    name: "closed with a child of a child",
    ends: "Closed",
    leaves: ["m1", "k1", "k2", "k clean", "clean"],
    family: { "one/middle": "Closed", "one/middle/kid": "Closed" },
    operator: once(at("middle"), ({ id }, engine, world) =>
      world.outside.has("k2") ? engine.close(id) : Effect.sleep("10 millis")
    ),
    make: (world) => {
      const child = kid(world)
      const between = middle(world, child)
      return family(
        parent(function* () {
          try {
            return yield* between.phase({})
          } finally {
            yield* Phase.make("clean", world.does("clean", 1))
          }
        }),
        between,
        child
      )
    }
  },
  {
    name: "closed with a revert of a child of a child",
    ends: "Reverted",
    leaves: ["k clean"],
    family: { "one/middle": "Reverted", "one/middle/kid": "Reverted" },
    operator: once(at("middle"), ({ id }, engine, world) =>
      world.outside.has("k2") ? engine.close(id, { revert: true }) : Effect.sleep("10 millis")
    ),
    make: (world) => {
      const child = kid(world)
      const between = middle(world, child)
      return family(
        parent(function* () {
          return yield* between.phase({})
        }),
        between,
        child
      )
    }
  },
  {
    name: "reverted with a child of a child",
    ends: "Reverted",
    leaves: ["k clean"],
    family: { "one/middle": "Reverted", "one/middle/kid": "Reverted" },
    operator: once(is("Completed"), revert),
    make: (world) => {
      const child = kid(world)
      const between = middle(world, child)
      return family(
        parent(function* () {
          yield* step(world, "a")
          return yield* between.phase({})
        }),
        between,
        child
      )
    }
  },
  {
    name: "paused and resumed with a child of a child",
    ends: "Completed",
    leaves: ["m1", "k1", "k2", "k clean", "m2"],
    family: { "one/middle": "Completed", "one/middle/kid": "Completed" },
    operator: either(
      once(at("middle"), ({ id }, engine, world) =>
        world.outside.has("k2") ? engine.pause(id) : Effect.sleep("10 millis")
      ),
      once(is("Paused"), resume)
    ),
    make: (world) => {
      const child = kid(world)
      const between = middle(world, child)
      return family(
        parent(function* () {
          return yield* between.phase({})
        }),
        between,
        child
      )
    }
  },
  {
    name: "a child's undo fails, and goes on with its parent",
    ends: "Reverted",
    leaves: [],
    family: { "one/kid": "Reverted" },
    operator: once(is("RevertFailed"), resume),
    make: (world) => {
      const child = Task.make("kid", {
        error: Schema.String,
        *run() {
          yield* step(world, "k1")
          yield* Phase.make("k2", {
            run: world.does("k2", 1),
            undo: () =>
              Effect.tap(
                flaky(world, 1),
                Effect.sync(() => world.outside.delete("k2"))
              )
          })
        }
      })
      return family(
        parent(function* () {
          yield* step(world, "a")
          yield* child.phase({})
          yield* broken(world, "b")
        }, "revert"),
        child
      )
    }
  },
  {
    name: "a child in doubt, run again with its parent",
    ends: "Completed",
    leaves: ["k1"],
    family: { "one/kid": "Completed" },
    operator: once(is("Failed"), rerun),
    make: (world) => {
      const child = Task.make("kid", {
        *run() {
          yield* Phase.make("k1", { run: world.does("k1", 1), inDoubt: "ask" })
        }
      })
      return family(
        parent(function* () {
          yield* child.phase({})
        }),
        child
      )
    }
  },
  {
    name: "a child is paused alone, its parent waits, and goes on with it",
    ends: "Completed",
    leaves: ["a", "k1", "k2", "k clean", "b"],
    family: { "one/g/k": "Completed" },
    operator: (_, engine, world) => {
      const { ever, now } = pausesOf(world, "one/g/k")
      if (now) return engine.resume("one/g/k")
      return world.outside.has("k1") && !ever ? engine.pause("one/g/k") : undefined
    },
    make: (world) => {
      const child = kid(world)
      return family(
        parent(function* () {
          return yield* Phase.graph("g", {
            a: { run: step(world, "a") },
            k: { run: child.phase({ n: "k" }) },
            b: { needs: ["k"], run: step(world, "b") }
          })
        }),
        child
      )
    }
  },
  {
    name: "a child fails in a graph, and goes on with its parent",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean", "f1", "b"],
    family: { "one/g/k": "Completed", "one/g/f": "Completed" },
    operator: once(is("Failed"), resume),
    make: (world) => {
      const child = kid(world)
      const other = frail(world, 1)
      return family(
        parent(function* () {
          return yield* Phase.graph("g", {
            k: { run: child.phase({ n: "k" }) },
            f: { run: other.phase({}) },
            b: { needs: ["f", "k"], run: step(world, "b") }
          })
        }),
        child,
        other
      )
    }
  }
]
