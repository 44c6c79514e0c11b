/** A program whose process dies at each of its writes in turn, and is run again: what every task ought to outlive. */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { TaskEngine } from "../authoring/TaskEngine.js"
import { EngineConfig } from "../engine/Config.js"
import * as Engine from "../engine/Engine.js"
import * as MemoryStore from "../store/MemoryStore.js"
import { fromEncoded, TaskStore } from "../store/Store.js"
import * as CrashStore from "./CrashStore.js"

type Program<A, E> = Effect.Effect<A, E, TaskEngine>

/** Runs a program as a process does, with an engine over what the processes before it have left. Answers nothing if it died. */
const processOver = <A, E>(memory: MemoryStore.Memory, program: Program<A, E>, crash?: CrashStore.Crash) =>
  Effect.gen(function* () {
    const store = yield* CrashStore.make(yield* MemoryStore.make(memory), crash)
    const engine = Engine.layer.pipe(
      Layer.provide(Layer.succeed(TaskStore, fromEncoded(store.encoded))),
      Layer.provide(Layer.succeed(EngineConfig, { ...EngineConfig.defaults, grace: 0 }))
    )
    const ended = yield* Effect.exit(program).pipe(
      Effect.provide(engine),
      Effect.provide(Logger.minimumLogLevel(LogLevel.None)),
      Effect.raceFirst(Effect.as(store.awaitCrash, undefined))
    )
    return (yield* store.crashed) ? undefined : ended
  })

/**
 * Lets a process die at each of its writes, before it and after it, and the program then run again in another one; each time
 * in a world of its own, which outlives both: a folder, a list, a server. Answers how often a process died.
 *
 * `program` is what a process does, as `task.execute(payload, { id })` with its layers. `check` looks at every ending, in an
 * assertion that throws: at the world, at how the second process ended, and `where` the first one died. `memory` is what
 * both have kept. Runs on the clock at hand: under a `TestClock` nothing may sleep. Fails as `world` does.
 *
 * @example
 * import { Phase, Task } from "tidemark"
 * import { diesAnywhere } from "tidemark/testing"
 * import * as Effect from "effect/Effect"
 * import * as Exit from "effect/Exit"
 *
 * const pour = (cups: Set<string>, cup: string) => Effect.sync(() => void cups.add(cup))
 * const tea = (cups: Set<string>) =>
 *   Task.make("tea", {
 *     *run() {
 *       yield* Phase.make("one", pour(cups, "one"))
 *       yield* Phase.make("two", pour(cups, "two"))
 *     }
 *   })
 * const deaths = diesAnywhere(
 *   Effect.sync(() => new Set<string>()),
 *   (cups) => tea(cups).execute({}, { id: "tea-1" }),
 *   (cups, exit, where) => {
 *     if (!Exit.isSuccess(exit) || cups.size !== 2) throw new Error(`not two cups after a crash ${where}`)
 *   }
 * )
 */
export const diesAnywhere = <W, E1, R, A, E>(
  world: Effect.Effect<W, E1, R>,
  program: (world: W) => Program<A, E>,
  check: (world: W, exit: Exit.Exit<A, E>, where: string, memory: MemoryStore.Memory) => void
): Effect.Effect<number, E1, R> =>
  Effect.gen(function* () {
    for (let at = 1, deaths = 0; ; at++) {
      for (const when of ["before", "after"] as const) {
        const here = yield* world
        const memory = MemoryStore.memory()
        if ((yield* processOver(memory, program(here), { at, when })) !== undefined) return deaths
        deaths++
        check(here, (yield* processOver(memory, program(here)))!, `${when} write ${at}`, memory)
      }
    }
  })
