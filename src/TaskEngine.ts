/** The engine as users meet it: the contract of the authoring wing, with where it comes from. */
import * as Layer from "effect/Layer"
import * as Contract from "./authoring/TaskEngine.js"
import * as Engine from "./engine/Engine.js"
import * as Rejections from "./engine/Rejections.js"
import * as MemoryStore from "./store/MemoryStore.js"
import type { TaskStore } from "./store/Store.js"

export class TaskEngine extends Contract.TaskEngine {
  /** The engine over the store at hand. */
  static readonly layer: Layer.Layer<Contract.TaskEngine, never, TaskStore> = Engine.layer

  /** The same engine over memory, for tests and trials: nothing outlives the process. */
  static readonly layerMemory: Layer.Layer<Contract.TaskEngine | TaskStore> = Layer.provideMerge(
    Engine.layer,
    MemoryStore.layer
  )

  /** Rejected promises that a phase left behind are logged, and the process lives: see Rejections.ts. */
  static readonly layerRejections: Layer.Layer<never, never, Contract.TaskEngine> = Rejections.layer
}
