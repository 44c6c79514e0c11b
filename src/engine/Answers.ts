import type { Json, Problem } from "../core/Json.js"
export const check = (_schema: Json, _value: Json | undefined): Problem | undefined => undefined
