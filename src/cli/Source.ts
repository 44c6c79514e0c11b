/** The database that a command reads. Its driver is loaded when it is opened: help and mistakes need none. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StoreError } from "../core/Errors.js"
import type { Encoded } from "../store/Encoded.js"
import type { Inspection } from "../store/SqliteInspection.js"
import { type Complaint, usage } from "./Complaint.js"
import * as Missing from "./Missing.js"

/** Loads modules; says what to install where one is missing. */
export const load = <A>(modules: () => Promise<A>): Effect.Effect<A, Complaint> =>
  Effect.catchAll(Effect.tryPromise({ try: modules, catch: (error) => error }), (error) => {
    const missing = Missing.advice(error)
    return missing === undefined ? Effect.die(error) : usage(missing)
  })

/** A database that is open to be read, and what is known of it beside its executions. */
export interface Source {
  readonly encoded: Encoded
  /** the version of its schema */
  readonly schema: Effect.Effect<number, StoreError>
  /** whether no engine runs on it */
  readonly alone: Effect.Effect<boolean, Complaint>
  /** reads all of it */
  readonly inspect: Effect.Effect<Inspection & { readonly outdated: string | undefined }, Complaint | StoreError>
}

/** Opens the file to be read, until the scope closes: it must be there, and nothing of it changes. */
export const open = (filename: string): Effect.Effect<Source, Complaint | StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const { checkVersion, openReadonly } = yield* load(() => import("../store/SqliteStore.js"))
    const { db, encoded, real } = yield* openReadonly({ filename })
    return {
      encoded,
      schema: Effect.map(db.pragma("user_version"), Number),
      alone: Effect.map(
        load(() => import("../store/SqliteLock.js")),
        ({ holding }) => holding(real).holder === undefined
      ),
      inspect: Effect.flatMap(
        load(() => import("../store/SqliteInspection.js")),
        ({ inspect }) => Effect.map(inspect(db, real), (found) => ({ ...found, outdated: checkVersion(found.sqlite) }))
      )
    }
  })
