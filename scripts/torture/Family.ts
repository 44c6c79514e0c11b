/** What the cases with children are made of: tasks that are called, and their parents. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import type { AnyTask } from "./Matrix.js"
import { flaky, step } from "./Steps.js"
import type { World } from "./World.js"

type Lives = Pick<AnyTask, "layer" | "execute" | "start">

type Make = (world: World) => Pick<AnyTask, "layer">

/** A parent that calls these children, with the layers of all. */
export const family =
  <const Children extends ReadonlyArray<Make>, A>(
    makes: Children,
    body: (
      world: World,
      ...children: { readonly [K in keyof Children]: ReturnType<Children[K]> }
    ) => Generator<Phase.Yielded<string, never>, A, never>,
    onFailure: "halt" | "revert" = "halt"
  ) =>
  (world: World): Lives => {
    const children = makes.map((make) => make(world)) as { readonly [K in keyof Children]: ReturnType<Children[K]> }
    const run = () => body(world, ...children)
    const parent = Task.make("t", { success: Schema.Unknown, error: Schema.String, onFailure, run: run as never })
    const { execute, layer, start } = parent as unknown as Lives
    return { execute, start, layer: Layer.mergeAll(layer, ...children.map((child) => child.layer)) }
  }

/** It stands outside at once, and goes on for a while. */
const happens = (world: World, name: string) =>
  world.seen(({ key }) => {
    world.outside.set(name, key)
    return Effect.as(Effect.sleep("100 millis"), name)
  })

/** Takes a while; it can be undone whether it happened or not. */
export const slow = (world: World, name: string) =>
  Phase.make(name, {
    run: happens(world, name),
    undo: () => world.undoes(name),
    undoUnknown: () => world.undoes(name)
  })

/** Two steps, called after its payload; the second takes a while. */
export const kid = (world: World) =>
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
export const long = (world: World) =>
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
export const frail =
  (times: number, onFailure: "halt" | "revert" = "halt") =>
  (world: World) =>
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
export const middle = (world: World) => {
  const child = kid(world)
  const task = Task.make("middle", {
    success: Schema.String,
    *run() {
      yield* step(world, "m1")
      const answer = yield* child.phase({ n: "k" })
      yield* step(world, "m2")
      return answer
    }
  })
  return { phase: task.phase, layer: Layer.merge(task.layer, child.layer) }
}
