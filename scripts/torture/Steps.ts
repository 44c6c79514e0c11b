/** What the cases of the crash matrix are made of: phases, and what operators do. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { Phase } from "../../src/index.js"
import type { Operator } from "./Matrix.js"
import type { World } from "./World.js"

/** A phase that happens outside, and can be undone. */
export const step = (world: World, name: string) =>
  Phase.make(name, { run: world.does(name, name), undo: () => world.undoes(name) })

export const broken = (world: World, name: string) =>
  Phase.make(
    name,
    world.seen(() => Effect.fail("no"))
  )

/** Fails until that was recorded `times` times. */
export const flaky = (world: World, times: number) =>
  world.seen(({ execution, path }) =>
    world.failures(execution, path) < times ? Effect.fail("again") : Effect.succeed("done")
  )

export const often = Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(5))

export const once =
  (wanted: (status: Parameters<Operator>[0]) => boolean, act: Operator): Operator =>
  (status, engine, world) =>
    wanted(status) ? act(status, engine, world) : undefined

export const at =
  (position: string) =>
  ({ position: here, status }: Parameters<Operator>[0]): boolean =>
    status === "Running" && here === position

export const is =
  (wanted: string) =>
  ({ status }: Parameters<Operator>[0]): boolean =>
    status === wanted

export const either =
  (...operators: ReadonlyArray<Operator>): Operator =>
  (status, engine, world) => {
    for (const operator of operators) {
      const act = operator(status, engine, world)
      if (act !== undefined) return act
    }
    return undefined
  }

export const resume: Operator = ({ id }, engine) => engine.resume(id)
export const rerun: Operator = ({ id }, engine) => engine.resume(id, { inDoubt: "rerun" })
export const revert: Operator = ({ id }, engine) => engine.revert(id)

/** The work hangs until somebody interrupts it. */
export const hangs = (world: World, name: string) =>
  Phase.make(name, {
    run: world.seen(() => Effect.never as Effect.Effect<void>),
    undo: () => world.undoes(name),
    undoUnknown: () => world.undoes(name)
  })

export const inDoubt = (world: World) => ({
  verify: Effect.sync(() => (world.outside.has("b") ? Option.some("b") : Option.none<string>()))
})
