/** The tasks that waiting is measured with: a phase that somebody else completes, or one that does not wait, and one after it. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"

/** When and what the tasks of one round did: the tokens that were handed out, and when each last phase ran. */
export interface Noted {
  readonly tokens: Array<string>
  readonly ran: Array<number>
}

const last = ({ ran }: Noted) =>
  Phase.make(
    "next",
    Effect.sync(() => void ran.push(performance.now()))
  )

/** Waits for somebody. */
export const approving = (noted: Noted) =>
  Task.make("approving", {
    *run() {
      const notify = (token: string) => Effect.sync(() => void noted.tokens.push(token))
      yield* Phase.delegate("answer", { success: Schema.String, notify })
      yield* last(noted)
    }
  })

/** The same, without the wait. */
export const hurried = (noted: Noted) =>
  Task.make("approving", {
    *run() {
      yield* Phase.make("answer", Effect.succeed("yes"))
      yield* last(noted)
    }
  })
