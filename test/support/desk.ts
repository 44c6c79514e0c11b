/** Somebody outside who is told tokens, and what is seen of executions that wait. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Supervisor from "effect/Supervisor"
import { Phase, type TaskEngine } from "../../src/index.js"
import { type Engine, engine, type memory, recorded } from "./engines.js"

/** Keeps the tokens that it is told, in order. */
export const desk = () => {
  const tokens: Array<string> = []
  return {
    tokens,
    notify: (token: string): Effect.Effect<void> => Effect.sync(() => void tokens.push(token)),
    get last(): string {
      return tokens[tokens.length - 1]!
    }
  }
}

export type Desk = ReturnType<typeof desk>

/** A phase that somebody at the desk completes with a text, or fails with one. */
export const asks = (at: Desk, name = "ask") =>
  Phase.delegate(name, { success: Schema.String, error: Schema.String, notify: at.notify })

/** The paths of the phases whose effects run on fibers that a supervisor has seen. */
export const running = (supervisor: Supervisor.Supervisor<Array<Fiber.RuntimeFiber<unknown, unknown>>>) =>
  Effect.map(supervisor.value, (fibers) =>
    fibers.flatMap((fiber) => {
      const current = Context.getOption(fiber.getFiberRef(FiberRef.currentContext), Phase.Current)
      const ended = fiber.unsafePoll() !== null
      return ended || current._tag === "None" || current.value === undefined ? [] : [current.value.path]
    })
  )

export const statusOf = ({ service }: Engine, id: string) => Effect.map(service.status(id), ({ status }) => status)

/** What completing answers: "done", or the tag of what it is refused with. */
export const told = (
  { service }: Engine,
  token: string,
  exit: Exit.Exit<never, never> | Exit.Exit<string, string> = Exit.succeed("yes")
) => Effect.match(service.complete(token, exit), { onFailure: ({ _tag }) => _tag as string, onSuccess: () => "done" })

/** A task without a payload. */
interface Startable {
  readonly layer: Layer.Layer<never, never, TaskEngine>
  readonly start: (payload: object, options: { readonly id: string }) => Effect.Effect<string, unknown, TaskEngine>
}

/** An engine that has started a task, which was let go. */
export const parked = (
  store: ReturnType<typeof memory>,
  task: Startable,
  id: string,
  others: ReadonlyArray<Startable> = []
) =>
  Effect.gen(function* () {
    const one = yield* engine(store, [task, ...others])
    yield* one.run(task.start({}, { id }))
    yield* recorded(store, id, "Waiting")
    return one
  })
