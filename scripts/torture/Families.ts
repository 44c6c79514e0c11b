/** The cases of the crash matrix in which tasks call other tasks: alone, beside others, tried again, two deep, operated. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import { family, frail, kid, long, middle } from "./Family.js"
import type { Case } from "./Matrix.js"
import { operatedFamilies } from "./OperatedFamilies.js"
import { broken, step } from "./Steps.js"
import type { World } from "./World.js"

/** Fails if it is told to. */
const told = (world: World) =>
  Task.make("frail", {
    payload: { fails: Schema.Boolean },
    error: Schema.String,
    *run({ fails }) {
      yield* step(world, "f1")
      if (fails) yield* broken(world, "f2")
    }
  })

export const families: ReadonlyArray<Case> = [
  {
    name: "a child",
    ends: "Completed",
    leaves: ["a", "k1", "k2", "k clean", "b"],
    family: { "one/kid": "Completed" },
    make: family([kid], function* (world, child) {
      yield* step(world, "a")
      const answer = yield* child.phase({ n: "k" })
      yield* step(world, "b")
      return answer
    })
  },
  {
    name: "children beside each other",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean", "b", "l1", "l2", "l clean"],
    family: { "one/all/kid": "Completed", "one/all/kid#2": "Completed" },
    make: family([kid], function* (world, child) {
      return yield* Phase.all([child.phase({ n: "k" }), step(world, "b"), child.phase({ n: "l" })])
    })
  },
  {
    name: "children of items, two at a time",
    ends: "Completed",
    leaves: ["x1", "x2", "x clean", "y1", "y2", "y clean", "z1", "z2", "z clean"],
    family: { "one/each/0": "Completed", "one/each/1": "Completed", "one/each/2": "Completed" },
    make: family([kid], function* (_, child) {
      return yield* Phase.forEach("each", ["x", "y", "z"], (n) => child.phase({ n }), { concurrency: 2 })
    })
  },
  {
    name: "a child that loses a race",
    ends: "Completed",
    leaves: ["b", "k clean"],
    family: { "one/race/kid": "Reverted" },
    make: family([kid], function* (world, child) {
      return yield* Phase.race([
        child.phase({ n: "k" }),
        Phase.make("b", Effect.delay(world.does("b", "b"), "50 millis"))
      ])
    })
  },
  {
    name: "a child in a group that is tried again",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean"],
    family: { "one/g/kid": "Reverted", "one/g/kid~g1": "Completed" },
    make: family([kid], function* (world, child) {
      return yield* Phase.group(
        "g",
        function* (attempt) {
          const answer = yield* child.phase({ n: "k" })
          if (attempt === 1) yield* broken(world, "b")
          return answer
        },
        { retry: Retry.times(2) }
      )
    })
  },
  {
    name: "a child of a child",
    ends: "Completed",
    leaves: ["m1", "k1", "k2", "k clean", "m2"],
    family: { "one/middle": "Completed", "one/middle/kid": "Completed" },
    make: family([middle], function* (_, between) {
      return yield* between.phase({})
    })
  },
  {
    name: "a child fails, its parent reverts",
    ends: "Reverted",
    leaves: ["k clean"],
    family: { "one/kid": "Reverted", "one/frail": "Reverted" },
    make: family(
      [kid, frail(9)],
      function* (world, child, other) {
        yield* child.phase({ n: "k" })
        yield* step(world, "a")
        return yield* other.phase({})
      },
      "revert"
    )
  },
  {
    name: "the failure of a child as a value",
    ends: "Completed",
    leaves: ["a"],
    family: { "one/frail": "Reverted" },
    make: family([frail(9, "revert")], function* (world, child) {
      const answer = yield* Phase.either(child.phase({}))
      yield* step(world, "a")
      return Either.isLeft(answer) ? answer.left : "?"
    })
  },
  {
    name: "a child beside a failure stands still",
    ends: "Failed",
    leaves: [],
    family: { "one/all/long": "Paused" },
    make: family([long], function* (world, child) {
      const fails = Phase.make(
        "b",
        world.seen(() => Effect.delay(Effect.fail("no"), "50 millis"))
      )
      yield* Phase.all([child.phase({}), fails])
    })
  },
  {
    name: "a child beside a failure that is a value",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean", "a"],
    family: { "one/all/kid": "Closed" },
    make: family([kid], function* (world, child) {
      const fails = Phase.make(
        "b",
        world.seen(() => Effect.delay(Effect.fail("no"), "50 millis"))
      )
      const answer = yield* Phase.either(Phase.all([child.phase({ n: "k" }), fails]))
      yield* step(world, "a")
      return Either.isLeft(answer) ? answer.left : "?"
    })
  },
  {
    name: "children in a graph",
    ends: "Completed",
    leaves: ["a", "k1", "k2", "k clean", "l1", "l2", "l clean", "b"],
    family: { "one/g/k": "Completed", "one/g/l": "Completed" },
    make: family([kid], function* (world, child) {
      return yield* Phase.graph("g", {
        a: { run: step(world, "a") },
        l: { run: child.phase({ n: "l" }) },
        k: { needs: ["a"], run: child.phase({ n: "k" }) },
        b: { needs: ["k", "l"], run: step(world, "b") }
      })
    })
  },
  {
    name: "a child that wins a race against another, in a group",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean"],
    family: { "one/g/race/kid": "Completed", "one/g/race/long": "Reverted" },
    make: family([kid, long], function* (_, child, other) {
      return yield* Phase.group("g", function* () {
        return (yield* Phase.race([other.phase({}), child.phase({ n: "k" })])) ?? null
      })
    })
  },
  {
    name: "children in a graph that is tried again, one of them failing",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean", "f1"],
    family: {
      "one/g/graph/kid": "Reverted",
      "one/g/graph/frail": "Reverted",
      "one/g/graph/kid~g1": "Completed",
      "one/g/graph/frail~g1": "Completed"
    },
    make: family([kid, told], function* (_, child, other) {
      return yield* Phase.group(
        "g",
        function* (attempt) {
          const { kid } = yield* Phase.graph("graph", {
            kid: { run: child.phase({ n: "k" }) },
            frail: { needs: ["kid"], run: other.phase({ fails: attempt === 1 }) }
          })
          return kid
        },
        { retry: Retry.times(2) }
      )
    })
  },
  ...operatedFamilies
]
