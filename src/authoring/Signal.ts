/** Waits for what others tell an execution. */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import * as Thrown from "../core/Thrown.js"
import { describe, type Phase } from "./Description.js"
import * as Limit from "./Limit.js"
import { type AnySchema, codec, type TypeOf } from "./Recordable.js"

/** How long a signal is waited for: for ever, unless there is a `timeout`. */
export interface SignalOptions<Time> {
  /** counted from the start of the phase; after it, the phase fails with a `TimeoutException` */
  readonly timeout?: Time
}

const nothingSaid = codec(Schema.Void)

/**
 * What somebody says to the execution with `TaskEngine.signal(id, name, value)`.
 *
 * A signal that was sent before it is asked for is kept, and taken at once; several of a name are taken in the order in
 * which they came, each by one phase: the second `Phase.signal` of a name (its path is `name#2`) takes the next one. None
 * is lost, none taken twice. Nothing runs while it is waited for. `schema` reads the value, and may be left out where
 * that says nothing; a value that it refuses parks the execution, for nobody checked it when it was sent: `skip` takes it
 * away. Throws a `TypeError` for what is no schema, and for a timeout that is no positive duration (Infinity is none);
 * `InvalidName` where the name cannot be kept. The idea is Temporal's signal and Restate's awakeable.
 *
 * @example
 * import { Phase } from "tidemark"
 * import * as Schema from "effect/Schema"
 *
 * const decision = Phase.signal("decision", Schema.Literal("approve", "reject"), { timeout: "3 days" })
 */
export const signal = <Value extends AnySchema = never, const Time extends Duration.DurationInput = never>(
  name: string,
  schema?: Value,
  options: SignalOptions<Time> = {}
): Phase<TypeOf<Value, void>, [Time] extends [never] ? never : Cause.TimeoutException, never, never, true> => {
  if (schema !== undefined && !Schema.isSchema(schema)) {
    throw new TypeError(`the schema of Phase.signal ${name} must be a Schema, not ${Thrown.text(schema).slice(0, 80)}`)
  }
  return describe({
    _tag: "Signal",
    name,
    capture: "none",
    value: schema === undefined ? nothingSaid : codec(schema),
    timeout: Limit.limit(`timeout of Phase.signal ${name}`, options.timeout)
  })
}
