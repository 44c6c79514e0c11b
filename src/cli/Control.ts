/**
 * What a verb has that changes something: the store, and an engine over it that does nothing by itself. It asks the engine
 * that owns the file, or is the engine for as long as the verb takes.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Service, TaskEngine } from "../authoring/TaskEngine.js"
import type { StoreError } from "../core/Errors.js"
import { EngineConfig } from "../engine/Config.js"
import * as Engine from "../engine/Engine.js"
import * as SqliteLock from "../store/SqliteLock.js"
import * as SqliteStore from "../store/SqliteStore.js"
import { fromEncoded, type Store, TaskStore } from "../store/Store.js"
import type { Complaint } from "./Complaint.js"
import * as Tasks from "./Tasks.js"

export interface Control {
  /** what a person would call the store */
  readonly name: string
  readonly store: Store
  readonly engine: Service
  /** the process whose engine owns the store */
  readonly holder: Effect.Effect<SqliteLock.Holding["holder"]>
  /** gives this engine the tasks of a module */
  readonly provide: (module: string) => Effect.Effect<Tasks.Tasks, Complaint, Scope.Scope>
}

/** An engine over a store, for as long as the scope is open. */
export const over = (
  store: Store,
  holder: Control["holder"],
  mode: "active" | "passive" = "passive"
): Effect.Effect<Control, never, Scope.Scope> =>
  Effect.map(
    Layer.build(
      Engine.layer.pipe(
        Layer.provide(Layer.succeed(TaskStore, store)),
        Layer.provide(Layer.succeed(EngineConfig, { ...EngineConfig.defaults, mode }))
      )
    ),
    (context) => {
      const engine = Context.get(context, TaskEngine)
      return { name: store.name, store, engine, holder, provide: (module) => Tasks.provide(module, engine) }
    }
  )

/** `read`: nothing is written; `write`: the file must be there; `make`: it is made if it is not. */
export const open = Effect.fnUntraced(function* (
  filename: string,
  how: "read" | "write" | "make",
  mode: "active" | "passive" = "passive"
) {
  const options = { filename }
  // What cannot be read is said as of old, and no file is made.
  if (how === "write") yield* Effect.scoped(SqliteStore.openReadonly(options))
  const opened: Effect.Effect<
    Pick<Effect.Effect.Success<ReturnType<typeof SqliteStore.open>>, "encoded" | "real">,
    StoreError,
    Scope.Scope
  > = how === "read" ? SqliteStore.openReadonly(options) : SqliteStore.open(options)
  const { encoded, real } = yield* opened
  const holder = Effect.sync(() => SqliteLock.holding(real).holder)
  return { ...(yield* over(fromEncoded(encoded), holder, mode)), encoded }
})
