/** Who asked for something, and why. */
import * as Schema from "effect/Schema"

export const Act = Schema.Struct({
  by: Schema.optionalWith(Schema.String, { exact: true }),
  reason: Schema.optionalWith(Schema.String, { exact: true })
})
export type Act = typeof Act.Type
