/** A task whose executions have keys, and who watches how many of a key are under way. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"

export class Boom extends Schema.TaggedError<Boom>()("Boom", { id: Schema.String }) {}

/**
 * Executions of `tenant`, that work until they are let `through`. They note when they begin and end in `lines`; `peak` is
 * how many of a tenant were at work at once, at most.
 */
export const tenants = (limit = 1, name = "keyed") => {
  const lines: Array<string> = []
  const now = new Map<string, number>()
  const peak = new Map<string, number>()
  const gates = new Map<string, Deferred.Deferred<void, Boom>>()
  const gate = (id: string) => {
    const found = gates.get(id) ?? Effect.runSync(Deferred.make<void, Boom>())
    gates.set(id, found)
    return found
  }
  const move = (tenant: string, by: number) => {
    now.set(tenant, (now.get(tenant) ?? 0) + by)
    peak.set(tenant, Math.max(peak.get(tenant) ?? 0, now.get(tenant)!))
  }
  const task = Task.make(name, {
    payload: { tenant: Schema.String, id: Schema.String },
    success: Schema.String,
    error: Boom,
    idempotencyKey: ({ id }) => id,
    concurrencyKey: ({ tenant }) => tenant,
    limit,
    *run({ id, tenant }) {
      const enter = Effect.sync(() => {
        lines.push(`+${id}`)
        move(tenant, 1)
      })
      const leave = Effect.sync(() => move(tenant, -1))
      yield* Phase.make("work", Effect.ensuring(Effect.zipRight(enter, Deferred.await(gate(id))), leave))
      yield* Phase.make(
        "note",
        Effect.sync(() => void lines.push(`-${id}`))
      )
      return id
    }
  })
  return {
    task,
    lines,
    peak,
    through: (...ids: ReadonlyArray<string>) =>
      Effect.forEach(ids, (id) => Deferred.succeed(gate(id), undefined), { discard: true }),
    fail: (id: string) => Effect.zipRight(Deferred.fail(gate(id), new Boom({ id })), Effect.void),
    /** its next attempt works anew */
    mend: (id: string) => Effect.sync(() => void gates.delete(id)),
    of: (id: string, tenant = "a") => ({ id, tenant })
  }
}
