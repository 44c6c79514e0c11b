/** The cases of the crash matrix in which tasks call other tasks: alone, beside others, tried again, two deep, operated. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import type { AnyTask, Case } from "./Matrix.js"
import { at, broken, either, flaky, is, once, rerun, resume, revert, step } from "./Steps.js"
import type { World } from "./World.js"

type Lives = Pick<AnyTask, "layer" | "execute" | "start">

/** A parent, with the layers of all. */
const family = (parent: Lives, ...children: ReadonlyArray<Pick<AnyTask, "layer">>): Lives => ({
  execute: parent.execute,
  start: parent.start,
  layer: Layer.mergeAll(parent.layer, ...children.map(({ layer }) => layer))
})

const happens = (world: World, name: string) => Effect.tap(world.does(name, name), () => Effect.sleep("100 millis"))

/** Takes a while; it can be undone whether it happened or not. */
const slow = (world: World, name: string) =>
  Phase.make(name, {
    run: happens(world, name),
    undo: () => world.undoes(name),
    undoUnknown: () => world.undoes(name)
  })

/** Two steps, called after its payload; the second takes a while. */
const kid = (world: World) =>
  Task.make("kid", {
    payload: { n: Schema.String },
    success: Schema.String,
    *run({ n }) {
      try {
        const first = yield* step(world, `${n}1`)
        return first + (yield* slow(world, `${n}2`))
      } finally {
        yield* Phase.make("clean", world.does(`${n} clean`, null))
      }
    }
  })

/** Goes on for a thousand seconds. */
const long = (world: World) =>
  Task.make("long", {
    *run() {
      for (let second = 0; second < 1000; second++) {
        yield* Phase.make(
          "wait",
          world.seen(() => Effect.sleep("1 second"))
        )
      }
    }
  })

/** One step, then it fails so many times. */
const frail = (world: World, times: number, onFailure: "halt" | "revert" = "halt") =>
  Task.make("frail", {
    success: Schema.String,
    error: Schema.String,
    onFailure,
    *run() {
      yield* step(world, "f1")
      return yield* Phase.make("f2", { run: flaky(world, times), undo: () => world.undoes("f2") })
    }
  })

/** A child with a child. */
const middle = (world: World, child: ReturnType<typeof kid>) =>
  Task.make("middle", {
    success: Schema.String,
    *run() {
      yield* step(world, "m1")
      const answer = yield* child.phase({ n: "k" })
      yield* step(world, "m2")
      return answer
    }
  })

const parent = <A>(
  body: () => Generator<Phase.Yielded<string, never>, A, never>,
  onFailure: "halt" | "revert" = "halt"
) =>
  Task.make("t", { success: Schema.Unknown, error: Schema.String, onFailure, run: body as never }) as unknown as Lives

export const families: ReadonlyArray<Case> = [
  {
    name: "a child",
    ends: "Completed",
    leaves: ["a", "k1", "k2", "k clean", "b"],
    family: { "one/kid": "Completed" },
    make: (world) => {
      const child = kid(world)
      return family(
        parent(function* () {
          yield* step(world, "a")
          const answer = yield* child.phase({ n: "k" })
          yield* step(world, "b")
          return answer
        }),
        child
      )
    }
  },
  {
    name: "children beside each other",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean", "b", "l1", "l2", "l clean"],
    family: { "one/all/kid": "Completed", "one/all/kid#2": "Completed" },
    make: (world) => {
      const child = kid(world)
      return family(
        parent(function* () {
          return yield* Phase.all([child.phase({ n: "k" }), step(world, "b"), child.phase({ n: "l" })])
        }),
        child
      )
    }
  },
  {
    name: "children of items, two at a time",
    ends: "Completed",
    leaves: ["x1", "x2", "x clean", "y1", "y2", "y clean", "z1", "z2", "z clean"],
    family: { "one/each/0": "Completed", "one/each/1": "Completed", "one/each/2": "Completed" },
    make: (world) => {
      const child = kid(world)
      return family(
        parent(function* () {
          return yield* Phase.forEach("each", ["x", "y", "z"], (n) => child.phase({ n }), { concurrency: 2 })
        }),
        child
      )
    }
  },
  {
    name: "a child that loses a race",
    ends: "Completed",
    leaves: ["b", "k clean"],
    family: { "one/race/kid": "Reverted" },
    make: (world) => {
      const child = kid(world)
      return family(
        parent(function* () {
          return yield* Phase.race([
            child.phase({ n: "k" }),
            Phase.make("b", Effect.delay(world.does("b", "b"), "50 millis"))
          ])
        }),
        child
      )
    }
  },
  {
    name: "a child in a group that is tried again",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean"],
    family: { "one/g/kid": "Reverted", "one/g/kid~g1": "Completed" },
    make: (world) => {
      const child = kid(world)
      return family(
        parent(function* () {
          return yield* Phase.group(
            "g",
            function* (attempt) {
              const answer = yield* child.phase({ n: "k" })
              if (attempt === 1) yield* broken(world, "b")
              return answer
            },
            { retry: Retry.times(2) }
          )
        }),
        child
      )
    }
  },
  {
    name: "a child of a child",
    ends: "Completed",
    leaves: ["m1", "k1", "k2", "k clean", "m2"],
    family: { "one/middle": "Completed", "one/middle/kid": "Completed" },
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
    name: "a child fails, its parent reverts",
    ends: "Reverted",
    leaves: ["k clean"],
    family: { "one/kid": "Reverted", "one/frail": "Reverted" },
    make: (world) => {
      const child = kid(world)
      const other = frail(world, 9)
      return family(
        parent(function* () {
          yield* child.phase({ n: "k" })
          yield* step(world, "a")
          return yield* other.phase({})
        }, "revert"),
        child,
        other
      )
    }
  },
  {
    name: "the failure of a child as a value",
    ends: "Completed",
    leaves: ["a"],
    family: { "one/frail": "Reverted" },
    make: (world) => {
      const child = frail(world, 9, "revert")
      return family(
        parent(function* () {
          const answer = yield* Phase.either(child.phase({}))
          yield* step(world, "a")
          return Either.isLeft(answer) ? answer.left : "?"
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
    name: "a child beside a failure stands still",
    ends: "Failed",
    leaves: [],
    family: { "one/all/long": "Paused" },
    make: (world) => {
      const child = long(world)
      const fails = Phase.make(
        "b",
        world.seen(() => Effect.delay(Effect.fail("no"), "50 millis"))
      )
      return family(
        parent(function* () {
          yield* Phase.all([child.phase({}), fails])
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
    name: "a child beside a failure that is a value",
    ends: "Completed",
    leaves: ["k1", "k2", "k clean", "a"],
    family: { "one/all/kid": "Closed" },
    make: (world) => {
      const child = kid(world)
      return family(
        parent(function* () {
          const fails = Phase.make(
            "b",
            world.seen(() => Effect.delay(Effect.fail("no"), "50 millis"))
          )
          const answer = yield* Phase.either(Phase.all([child.phase({ n: "k" }), fails]))
          yield* step(world, "a")
          return Either.isLeft(answer) ? answer.left : "?"
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
  }
]
