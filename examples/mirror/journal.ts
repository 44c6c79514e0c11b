/** The journal of the demo's execution, as the parent reads it from the file while others write it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { EngineConfig, type Recorded, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import type { Scene } from "./scene.js"

const often = "25 millis"

const reader = ({ database }: Scene) =>
  Layer.provide(
    Sqlite.layerReadonly({ filename: database }),
    Layer.succeed(EngineConfig, { ...EngineConfig.defaults, inbox: often })
  )

/** Where the execution stands. */
export const status = (scene: Scene) => Effect.provide(TaskEngine.status(scene.id), reader(scene))

const pathOf = ({ entry }: Recorded): ReadonlyArray<string> => (entry._tag === "PhaseSucceeded" ? [entry.path] : [])

/**
 * Every recorded phase, and every new one within milliseconds. Never ends: until there is a file and an execution in it, and
 * after the execution's end, it looks again, and then answers what it has answered already.
 */
export const recorded = (scene: Scene): Stream.Stream<string> =>
  Stream.unwrapScoped(
    Effect.map(Layer.build(reader(scene)), (engine) => Stream.provideContext(TaskEngine.watch(scene.id), engine))
  ).pipe(
    Stream.mapConcat(pathOf),
    Stream.repeat(Schedule.spaced(often)),
    Stream.retry(Schedule.spaced(often)),
    Stream.orDie
  )
