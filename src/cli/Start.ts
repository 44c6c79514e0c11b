/** `start` and `worker`: executions begin, and go on. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Definition } from "../authoring/Definition.js"
import { TaskEngine } from "../authoring/TaskEngine.js"
import { PayloadInvalid } from "../core/Errors.js"
import * as Near from "../core/Near.js"
import * as Rejections from "../engine/Rejections.js"
import * as Change from "./Change.js"
import * as Complaint from "./Complaint.js"
import * as Control from "./Control.js"
import * as Follow from "./Follow.js"
import * as Page from "./Page.js"
import * as Refusals from "./Refusals.js"
import * as Screen from "./Screen.js"
import type { Tasks } from "./Tasks.js"
import * as Value from "./Value.js"

export interface Options {
  readonly task: string
  readonly db: string
  readonly tasks: string
  readonly payload: string | undefined
  readonly id: string | undefined
  readonly tag: ReadonlyArray<string>
  readonly follow: boolean
  readonly json: boolean
}

const taskOf = (tasks: Tasks, name: string, module: string): Effect.Effect<Definition, Complaint.Complaint> => {
  const found = tasks.get(name)
  if (found !== undefined) return Effect.succeed(found)
  const names = [...tasks.keys()]
  const near = Near.misses(name, names)
  return Complaint.refused(
    `${module} registers no task ${name}`,
    near.length === 0 ? `it registers ${names.join(", ")}` : `did you mean ${near.join(", ")}?`
  )
}

const started = Effect.fnUntraced(function* (control: Control.Control, given: Options) {
  const device = yield* Screen.Screen
  const definition = yield* taskOf(yield* control.provide(given.tasks), given.task, given.tasks)
  const json = yield* Value.optional("--payload", given.payload)
  const payload = definition.payload.decode(json ?? {})
  if (Either.isLeft(payload)) return yield* new PayloadInvalid({ task: given.task, ...payload.left })
  const options = { tags: given.tag, ...(given.id === undefined ? {} : { id: given.id }) }
  const id = yield* control.engine.start(definition, payload.right, options)
  if (given.follow) return yield* Follow.run(control, id, { definition, json: given.json })
  const owner = yield* control.holder
  const stands = yield* Change.standing(control.store, id)
  const told = { verb: "start", outcome: "done", problem: null, engine: null } as const
  yield* Change.tell({ ...told, ...stands }, given.json)
  if (given.json || owner !== undefined || stands.status !== "Pending") return
  yield* device.err(
    Page.render(
      [Page.flow(2, `no engine runs yet: tidemark worker --tasks ${given.tasks} goes on with it, or start --follow`)],
      device.paper
    )
  )
})

/** Starts an execution, or finds the one that has the id and is the same. */
export const start = (given: Options) =>
  Effect.scoped(Effect.flatMap(Control.open(given.db, "make"), (control) => started(control, given))).pipe(
    Effect.mapError(Refusals.of)
  )

/** An engine that works, as `worker --json` has it. */
export const Working = Schema.Struct({ pid: Schema.Int, store: Schema.String, tasks: Schema.Array(Schema.String) })
type Working = typeof Working.Type

/** An engine, until the process is told to end: what runs then is handed back. */
export const worker = ({ db, json, tasks }: Pick<Options, "db" | "tasks" | "json">) =>
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* Screen.Screen
      const control = yield* Control.open(db, "make", "active")
      yield* Effect.provideService(Layer.build(Rejections.layer), TaskEngine, control.engine)
      const before = yield* control.holder
      const names = [...(yield* control.provide(tasks)).keys()]
      const waits = before === undefined ? "" : `, once process ${before.pid} ends, which owns it`
      yield* json
        ? device.out(Screen.json({ pid: process.pid, store: control.name, tasks: names } satisfies Working))
        : Screen.print(device, [
            Page.flow(
              2,
              `process ${process.pid} works on ${control.name}${waits}: ${names.join(", ")}. Ctrl-C ends it.`
            )
          ])
      return yield* Effect.never
    })
  ).pipe(Effect.mapError(Refusals.of))
