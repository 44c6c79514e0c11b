/** Who asked for something, why, and the hash of the plan that was confirmed. */
import * as Schema from "effect/Schema"

const optional = Schema.optionalWith(Schema.String, { exact: true })

export const Act = Schema.Struct({ by: optional, reason: optional, plan: optional })
export type Act = typeof Act.Type
