/** Multi-phase tasks as generators: recorded, resumed at their last phase, reverted with one call. */

export * as Phase from "./authoring/Phase.js"
export * as Retry from "./authoring/Retry.js"
export * as Task from "./authoring/Task.js"
export type {
  Advanced,
  ExecuteOptions,
  ExecutionStatus,
  ExecutionSummary,
  Progress,
  Wait
} from "./authoring/TaskEngine.js"
export type { Act, Entry, Recorded } from "./core/Entry.js"
export type { TaskError } from "./core/Errors.js"
export * as Errors from "./core/Errors.js"
export * as Failure from "./core/Failure.js"
export type { Json } from "./core/Json.js"
export * as Status from "./core/Status.js"
export { EngineConfig } from "./engine/Config.js"
export { TaskStore } from "./store/Store.js"
export { TaskEngine } from "./TaskEngine.js"
