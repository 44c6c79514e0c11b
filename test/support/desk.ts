/** Somebody outside who is told tokens, and what is seen of executions that wait. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Schema from "effect/Schema"
import type * as Supervisor from "effect/Supervisor"
import { Phase } from "../../src/index.js"
import type { Engine } from "./engines.js"

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
