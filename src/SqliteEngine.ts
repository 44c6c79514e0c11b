/** The engine over one SQLite file. */
import * as Layer from "effect/Layer"
import type { TaskEngine } from "./authoring/TaskEngine.js"
import type { StoreError } from "./core/Errors.js"
import * as Engine from "./engine/Engine.js"
import * as SqliteStore from "./store/SqliteStore.js"
import type { TaskStore } from "./store/Store.js"

export type { Options } from "./store/SqliteStore.js"

/**
 * The engine over the SQLite file `filename`, made if there is none. A mere client of the file until it first advances an
 * execution: then it owns the file's executions until the layer's scope closes, and another process that would advance
 * one is refused with `EngineBusy`. Fails with `StoreError` where the file is not ours, newer, damaged, or cannot be kept
 * safe.
 *
 * @example
 * import { Sqlite } from "tidemark/sqlite"
 *
 * const live = Sqlite.layer({ filename: "tidemark.db" })
 */
export const layer = (options: SqliteStore.Options): Layer.Layer<TaskEngine | TaskStore, StoreError> =>
  Layer.provideMerge(Engine.layer, SqliteStore.layer(options))

/** The file for inspection: `status`, `history`, `list`; whatever would write is refused. Works beside a running engine. */
export const layerReadonly = (
  options: Pick<SqliteStore.Options, "filename">
): Layer.Layer<TaskEngine | TaskStore, StoreError> =>
  Layer.provideMerge(Engine.layer, SqliteStore.layerReadonly(options))
