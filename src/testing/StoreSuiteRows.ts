/** What the store suite writes: executions and entries, built by hand, as an engine's would be. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StoreError } from "../core/Errors.js"
import type { Status } from "../core/Status.js"
import type { AppendRequest, Beside, Encoded, EntryRow, ExecutionRow, ListQuery } from "../store/Encoded.js"

/** An execution with this id. */
export const row = (id: string, more: Partial<ExecutionRow> = {}): ExecutionRow => ({
  id,
  task: "place-order",
  version: 1,
  status: "Pending",
  epoch: 0,
  owner: null,
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_000,
  ...more
})

/** Entries from `from` on. Their hashes are only kept: nobody below the typed store reads them. */
export const entries = (id: string, from: number, bodies: ReadonlyArray<string>, epoch = 0): ReadonlyArray<EntryRow> =>
  bodies.map((body, index) => ({
    seq: from + index,
    epoch,
    at: 1_700_000_000_001 + from + index,
    body,
    hash: `${id} ${from + index}`
  }))

/** A request to create it, with its first entry. */
export const created = (id: string, more: Partial<ExecutionRow> = {}) => ({
  row: row(id, more),
  rows: entries(id, 0, [first], more.epoch)
})

/** The body of a first entry. */
export const first = `{"_tag":"Created","task":"place-order","version":1,"payload":null}`
/** The body of another. */
export const claimed = `{"_tag":"Claimed","owner":"me","crashed":false}`

/** A request to append entries with these bodies, from `from` on. */
export const request = (execution: string, from: number, bodies: ReadonlyArray<string>, epoch = 0): AppendRequest => ({
  execution,
  epoch,
  rows: entries(execution, from, bodies, epoch),
  status: null
})

type NewToken = NonNullable<Beside["tokens"]>[number]

/** A token with this hash. */
export const token = (hash: string, more: Partial<NewToken> = {}): NewToken => ({
  hash,
  clear: null,
  path: "charge",
  schema: { type: "string" },
  expires: null,
  ...more
})

/** The tag of the error, or "done". */
export const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>): Effect.Effect<string> =>
  Effect.match(effect, { onFailure: (error) => error._tag, onSuccess: () => "done" })

/** The bodies of a journal. */
export const bodies = (store: Encoded, id: string) =>
  Effect.map(store.read(id, 0), (rows) => rows.map(({ body }) => body))

/** Makes an empty store; asked again in the same scope, it makes another one over the same data. */
export interface Driver {
  readonly make: Effect.Effect<Effect.Effect<Encoded, StoreError, Scope.Scope>, StoreError, Scope.Scope>
}

/** Adds a test that has an empty store to itself. */
export type Test = (name: string, body: (store: Encoded) => Effect.Effect<void, unknown, Scope.Scope>) => void

const statuses: ReadonlyArray<Status> = ["Pending", "Running", "Completed"]
/** Executions of two tasks in three statuses, some of them made at the same time, the oldest first. */
export const all = Array.from({ length: 30 }, (_, index) =>
  row(`id-${String(index).padStart(2, "0")}`, {
    task: index % 5 === 0 ? "rare" : "common",
    status: statuses[index % 3]!,
    createdAt: 1_000 + Math.floor(index / 4)
  })
)
/** The same, the newest first. */
export const newest = [...all].reverse()
/** What a store must answer that has them, and nothing else. */
export const queries: ReadonlyArray<readonly [string, ListQuery, ReadonlyArray<ExecutionRow>]> = [
  ["all, the newest first", {}, newest],
  ["the oldest first", { order: "oldest" }, all],
  ["a task", { task: "rare" }, newest.filter(({ task }) => task === "rare")],
  ["a status", { status: ["Running"] }, newest.filter(({ status }) => status === "Running")],
  [
    "two statuses, the oldest first",
    { status: ["Running", "Pending", "Running"], order: "oldest" },
    all.filter(({ status }) => status !== "Completed")
  ],
  ["no status", { status: [] }, []],
  [
    "a status of a task, limited",
    { task: "common", status: ["Completed", "Pending"], limit: 3 },
    newest.filter(({ status, task }) => task === "common" && status !== "Running").slice(0, 3)
  ],
  ["those after one of them", { after: "id-13", limit: 4 }, newest.slice(17, 21)],
  ["those after one of them, the oldest first", { after: "id-13", order: "oldest", limit: 4 }, all.slice(14, 18)],
  ["nothing after an id that there is not", { after: "id" }, []]
]
/** Texts that have broken stores, or programs around them. */
export const hostile = [
  "'; DROP TABLE journal; --",
  '"quoted" \\ back \u0007 bell',
  "nul \0 inside",
  "__proto__",
  "constructor",
  "\u202eright to left",
  "e\u0301 and \u00e9",
  "\ud83c\udf0a wave",
  "x".repeat(255),
  "%_?$1:name@x"
]

/** What a store must refuse that has execution "a" with one entry, claimed once. */
export const refusals: ReadonlyArray<readonly [string, AppendRequest]> = [
  ["an older epoch", request("a", 1, ["1"], 0)],
  ["an epoch that is still to come", request("a", 1, ["1"], 2)],
  ["an entry that is there already", request("a", 0, [first], 1)],
  ["an entry after a gap", request("a", 2, ["2"], 1)],
  ["an execution that there is not", request("b", 0, ["0"], 1)]
]

/** A value that is hard to keep. */
export const hard = {
  big: "9007199254740993",
  float: 0.1,
  deep: [[[{ ["__proto__"]: { polluted: true } }]]],
  lone: "\ud800",
  nul: "\0"
}
