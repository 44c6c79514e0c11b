/** The cases of the crash matrix in which an operator acts on tasks that call others, or on those that they call. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { family, frail, kid, long, middle } from "./Family.js"
import type { Case, Operator } from "./Matrix.js"
import { at, broken, either, flaky, is, once, rerun, resume, revert, step } from "./Steps.js"
import type { World } from "./World.js"

/** Whether this child has been paused, and is. */
const pausesOf = (world: World, child: string) => ({
  now: world.memory.executions.has(child) && world.history(child).status === "Paused",
  ever: world.entries(child).some(({ entry }) => entry._tag === "PauseRequested")
})

/** Two steps; the undo of the second fails once. */
const stubborn = (world: World) =>
  Task.make("kid", {
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

/** Its one step is in doubt where its process died. */
const doubtful = (world: World) =>
  Task.make("kid", {
    *run() {
      yield* Phase.make("k1", { run: world.does("k1", 1), inDoubt: "ask" })
    }
  })

/** Once the child of the child is at its second step. */
const inside = (act: Operator): Operator =>
  once(at("middle"), (status, engine, world) =>
    world.outside.has("k2") ? act(status, engine, world) : Effect.sleep("10 millis")
  )

export const operatedFamilies: ReadonlyArray<Case> = [
  {
    name: "a child fails, and goes on with its parent",
    ends: "Completed",
    leaves: ["f1"],
    family: { "one/frail": "Completed" },
    operator: once(is("Failed"), resume),
    make: family([frail(1)], function* (_, child) {
      return yield* child.phase({})
    })
  },
  {
    name: "a child beside a failure, both go on",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean"],
    family: { "one/all/kid": "Completed" },
    operator: once(is("Failed"), resume),
    make: family([kid], function* (world, child) {
      return yield* Phase.all([child.phase({ n: "k" }), Phase.make("b", Effect.delay(flaky(world, 1), "50 millis"))])
    })
  },
  {
    name: "paused with a child",
    ends: "Paused",
    leaves: [],
    family: { "one/all/long": "Paused" },
    operator: once(at("all/long"), ({ id }, engine) => engine.pause(id)),
    make: family([long], function* (_, child) {
      yield* Phase.all([child.phase({})])
    })
  },
  {
    name: "closed with a child of a child",
    ends: "Closed",
    leaves: ["m1", "k1", "k2", "k clean", "clean"],
    family: { "one/middle": "Closed", "one/middle/kid": "Closed" },
    operator: inside(({ id }, engine) => engine.close(id)),
    make: family([middle], function* (world, between) {
      try {
        return yield* between.phase({})
      } finally {
        yield* Phase.make("clean", world.does("clean", 1))
      }
    })
  },
  {
    name: "closed with a revert of a child of a child",
    ends: "Reverted",
    leaves: ["k clean"],
    family: { "one/middle": "Reverted", "one/middle/kid": "Reverted" },
    operator: inside(({ id }, engine) => engine.close(id, { revert: true })),
    make: family([middle], function* (_, between) {
      return yield* between.phase({})
    })
  },
  {
    name: "reverted with a child of a child",
    ends: "Reverted",
    leaves: ["k clean"],
    family: { "one/middle": "Reverted", "one/middle/kid": "Reverted" },
    operator: once(is("Completed"), revert),
    make: family([middle], function* (world, between) {
      yield* step(world, "a")
      return yield* between.phase({})
    })
  },
  {
    name: "paused and resumed with a child of a child",
    ends: "Completed",
    leaves: ["m1", "k1", "k2", "k clean", "m2"],
    family: { "one/middle": "Completed", "one/middle/kid": "Completed" },
    operator: either(
      inside(({ id }, engine) => engine.pause(id)),
      once(is("Paused"), resume)
    ),
    make: family([middle], function* (_, between) {
      return yield* between.phase({})
    })
  },
  {
    name: "a child's undo fails, and goes on with its parent",
    ends: "Reverted",
    leaves: [],
    family: { "one/kid": "Reverted" },
    operator: once(is("RevertFailed"), resume),
    make: family(
      [stubborn],
      function* (world, child) {
        yield* step(world, "a")
        yield* child.phase({})
        yield* broken(world, "b")
      },
      "revert"
    )
  },
  {
    name: "a child in doubt, run again with its parent",
    ends: "Completed",
    leaves: ["k1"],
    family: { "one/kid": "Completed" },
    operator: once(is("Failed"), rerun),
    make: family([doubtful], function* (_, child) {
      yield* child.phase({})
    })
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
    make: family([kid], function* (world, child) {
      return yield* Phase.graph("g", {
        a: { run: step(world, "a") },
        k: { run: child.phase({ n: "k" }) },
        b: { needs: ["k"], run: step(world, "b") }
      })
    })
  },
  {
    name: "a child fails in a graph, and goes on with its parent",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean", "f1", "b"],
    family: { "one/g/k": "Completed", "one/g/f": "Completed" },
    operator: once(is("Failed"), resume),
    make: family([kid, frail(1)], function* (world, child, other) {
      return yield* Phase.graph("g", {
        k: { run: child.phase({ n: "k" }) },
        f: { run: other.phase({}) },
        b: { needs: ["f", "k"], run: step(world, "b") }
      })
    })
  }
]
