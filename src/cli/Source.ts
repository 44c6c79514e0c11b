/** The database that a command reads. Its driver is loaded when it is opened: help and mistakes need none. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StoreError } from "../core/Errors.js"
import type { Encoded } from "../store/Encoded.js"
import { type Complaint, usage } from "./Complaint.js"
import * as Missing from "./Missing.js"

/** Loads modules; says what to install where one is missing. */
const load = <A>(modules: () => Promise<A>): Effect.Effect<A, Complaint> =>
  Effect.catchAll(Effect.tryPromise({ try: modules, catch: (error) => error }), (error) => {
    const missing = Missing.advice(error)
    return missing === undefined ? Effect.die(error) : usage(missing)
  })

/** Opens the file to be read, until the scope closes: it must be there, and nothing of it changes. */
export const open = (filename: string): Effect.Effect<Encoded, Complaint | StoreError, Scope.Scope> =>
  Effect.flatMap(
    load(() => import("../store/SqliteStore.js")),
    ({ makeReadonly }) => makeReadonly({ filename })
  )
