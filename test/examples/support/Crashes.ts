import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { EngineConfig, TaskEngine, TaskStore } from "../../../src/index.js"
import * as MemoryStore from "../../../src/store/MemoryStore.js"
import { fromEncoded } from "../../../src/store/Store.js"
import * as CrashStore from "../../../src/testing/CrashStore.js"

type Program<A, E> = Effect.Effect<A, E, TaskEngine>

/** Runs a program as a process does, with an engine over what the processes before it have left. Answers whether it died. */
export const processOver = <A, E>(memory: MemoryStore.Memory, program: Program<A, E>, crash?: CrashStore.Crash) =>
  Effect.gen(function* () {
    const store = yield* CrashStore.make(yield* MemoryStore.make(memory), crash)
    const engine = TaskEngine.layer.pipe(
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
 * Lets a process die at each of its writes, before it and after it, and then the program run again; each time in a world of
 * its own. Answers how often it died; `check` looks at every ending.
 */
export const diesAnywhere = <W, R, A, E>(
  world: Effect.Effect<W, never, R>,
  program: (world: W) => Program<A, E>,
  check: (world: W, exit: Exit.Exit<A, E>, memory: MemoryStore.Memory, where: string) => void
) =>
  Effect.gen(function* () {
    for (let at = 1, deaths = 0; ; at++) {
      for (const when of ["before", "after"] as const) {
        const here = yield* world
        const memory = MemoryStore.memory()
        if ((yield* processOver(memory, program(here), { at, when })) !== undefined) return deaths
        deaths++
        check(here, (yield* processOver(memory, program(here)))!, memory, `${when} write ${at}`)
      }
    }
  })
