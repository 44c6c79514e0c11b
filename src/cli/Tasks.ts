/** The tasks of somebody's module, for verbs that need the tasks' code. */
import * as fs from "node:fs"
import { createRequire } from "node:module"
import * as path from "node:path"
import { pathToFileURL } from "node:url"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import type { Definition } from "../authoring/Definition.js"
import { type Service, TaskEngine } from "../authoring/TaskEngine.js"
import { TaskConflict } from "../core/Errors.js"
import * as Complaint from "./Complaint.js"

/** By the names of the tasks, each in its highest version. */
export type Tasks = ReadonlyMap<string, Definition>

const exporting =
  "export default task.layer, or Layer.mergeAll(one.layer, another.layer), with all that their phases need"

/** What was thrown, in a line. */
const line = (thrown: unknown): string => {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return text.split("\n")[0]!
}

/** Has Node take TypeScript where it does not by itself. */
const typed = Effect.fnUntraced(function* (file: string) {
  const { typescript } = process.features as { readonly typescript?: unknown }
  if (!/\.[cm]?tsx?$/.test(file) || (typescript !== undefined && typescript !== false)) return
  // Its front door has no other file for CommonJS, and registers itself.
  const found = yield* Effect.either(Effect.try(() => createRequire(file).resolve("tsx")))
  if (found._tag === "Left") {
    return yield* Complaint.usage(
      `${file} is TypeScript, which Node ${process.versions.node} does not run`,
      "npm install --save-dev tsx, or use Node 22.18 or newer, or give the compiled file"
    )
  }
  yield* Effect.tryPromise({
    try: () => import(pathToFileURL(found.right).href),
    catch: (thrown) => Complaint.usage(`tsx does not load: ${line(thrown)}`, "npm install --save-dev tsx")
  })
})

/** The layer that a module exports by default. */
const layerOf = Effect.fnUntraced(function* (module: string) {
  const file = path.resolve(module)
  if (!(fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false)) {
    return yield* Complaint.usage(
      `there is no file ${module}`,
      "--tasks names the module that exports the tasks' layer"
    )
  }
  yield* typed(file)
  const loaded = yield* Effect.tryPromise({
    try: () => import(pathToFileURL(file).href) as Promise<{ readonly default?: unknown }>,
    catch: (thrown) => Complaint.usage(`${module} does not load: ${line(thrown)}`, `node ${module} says where`)
  })
  if (Layer.isLayer(loaded.default)) return loaded.default as Layer.Layer<never, unknown, TaskEngine>
  const what = loaded.default === undefined ? "has no default export" : "exports by default what is no Layer"
  return yield* Complaint.usage(`${module} ${what}`, exporting)
})

/** What tasks log and print goes where complaints go: stdout is the command's own. */
const aloud = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.consoleWith((console) => {
    const loud = (...args: ReadonlyArray<unknown>) => Effect.sync(() => console.unsafe.error(...args))
    return effect.pipe(
      Effect.withConsole({ ...console, log: loud, error: loud }),
      Effect.locally(FiberRef.currentLoggers, HashSet.make(Logger.withConsoleError(Logger.stringLogger))),
      Logger.withMinimumLogLevel(LogLevel.Info)
    )
  })

/** Registers the tasks of a module with an engine, until the scope closes. */
export const provide = (
  module: string,
  engine: Pick<Service, "register">
): Effect.Effect<Tasks, Complaint.Complaint, Scope.Scope> =>
  Effect.gen(function* () {
    const layer = yield* layerOf(module)
    const tasks = new Map<string, Definition>()
    const register: Service["register"] = (definition) =>
      Effect.suspend(() => {
        const { name, version } = definition
        if (version >= (tasks.get(name)?.version ?? 0)) tasks.set(name, definition)
        return engine.register(definition)
      })
    const context = Context.make(TaskEngine, { ...engine, register } as Service)
    yield* Effect.catchAllCause(aloud(Effect.provide(Layer.build(layer), context)), (cause) => {
      if (Cause.isInterruptedOnly(cause)) return Effect.interrupt
      const thrown = Cause.squash(cause)
      return thrown instanceof TaskConflict
        ? Complaint.usage(
            `${module} registers two tasks ${thrown.task} of version ${thrown.version}`,
            "give the later one a higher version, or another name"
          )
        : Complaint.usage(`the layer of ${module} fails: ${line(thrown)}`, "run it by itself to see where")
    })
    return tasks.size > 0 ? tasks : yield* Complaint.usage(`${module} registers no task`, exporting)
  })
