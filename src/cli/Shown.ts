/** One execution in full, as `show --json` has it. Times in milliseconds UTC; what is unknown is left out. */
import * as Schema from "effect/Schema"
import { kinds } from "../core/Entry.js"
import { Defect, Failure, JsonValue } from "../core/Failure.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import { all } from "../core/Status.js"
import type { Seen } from "./Seen.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const states = ["running", "waiting", "delayed", "in doubt", "succeeded", "failed", "undone", "parked", "left"] as const

export const Phase = Schema.Struct({
  path: Schema.String,
  name: Schema.String,
  kind: Schema.Literal(...kinds),
  /** the path of what it is a part of; "" of the body */
  scope: Schema.String,
  state: Schema.Literal(...states),
  attempt: Schema.Int,
  /** how often what stood at its path was undone before */
  generation: Schema.Int,
  startedAt: Schema.Number,
  endedAt: optional(Schema.Number),
  undoneAt: optional(Schema.Number),
  /** it may have happened, and nobody knows */
  inDoubt: Schema.Boolean,
  /** the phase that it undoes */
  undoes: optional(Schema.String),
  /** the execution that it called */
  child: optional(Schema.String),
  value: optional(JsonValue),
  /** those for which it ended */
  failures: Schema.Array(Failure),
  /** the failed attempts of the present round */
  attempts: Schema.Array(
    Schema.Struct({ attempt: Schema.Int, at: Schema.Number, failure: Failure, delay: Schema.Number })
  )
})
export type Phase = typeof Phase.Type

const Wait = Schema.Struct({
  path: Schema.String,
  name: Schema.String,
  kind: Schema.Literal("timer", "delegate", "signal", "retry", "child", "place"),
  child: optional(Schema.String),
  since: Schema.Number,
  until: optional(Schema.Number),
  progress: optional(Schema.Struct({ progress: optional(Schema.Number), text: optional(Schema.String) })),
  holders: optional(Schema.Array(Schema.String))
})
export type Wait = typeof Wait.Type

export const Shown = Schema.Struct({
  id: Schema.String,
  task: Schema.String,
  version: Schema.Int,
  status: Schema.Literal(...all),
  parent: optional(Schema.Struct({ execution: Schema.String, path: Schema.String })),
  /** the stage that it entered last, as the n-th one */
  stage: optional(Schema.Struct({ name: Schema.String, n: Schema.Int, state: optional(JsonValue) })),
  /** what was discarded last: all before a checkpoint or a stage, so many entries */
  discarded: optional(
    Schema.Struct({
      before: Schema.String,
      at: Schema.Number,
      entries: Schema.Int,
      until: optional(Schema.Number),
      by: optional(Schema.String),
      reason: optional(Schema.String)
    })
  ),
  tags: optional(Schema.Array(Schema.String)),
  position: Schema.String,
  failures: Schema.Array(Failure),
  waits: Schema.Array(Wait),
  payload: JsonValue,
  result: optional(JsonValue),
  times: Schema.Struct({
    created: Schema.Number,
    due: optional(Schema.Number),
    started: optional(Schema.Number),
    updated: Schema.Number,
    ended: optional(Schema.Number)
  }),
  epoch: Schema.Int,
  owner: optional(Schema.String),
  closeError: optional(Defect),
  entries: Schema.Int,
  /** those of its present stage, and of all before it where these are being undone */
  phases: Schema.Array(Phase)
})
export type Shown = typeof Shown.Type

type Known<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** What is known of these. */
const known = <T extends object>(members: T): Known<T> => {
  const found: Partial<T> = {}
  for (const key in members) if (members[key] !== undefined) found[key] = members[key]
  return found as Known<T>
}

const phase = (record: PhaseRecord, state: Phase["state"]): Phase => {
  const { attempt, attempts, child, failures, generation, inDoubt, kind, name, path, scope, startedAt } = record
  return {
    path,
    name,
    kind,
    scope,
    state,
    attempt,
    generation,
    startedAt,
    ...known({ endedAt: record.endedAt, undoneAt: record.undone?.endedAt }),
    inDoubt: inDoubt && record.undone === undefined,
    ...known({ undoes: record.undoes, child, value: record.value }),
    failures: [...failures],
    attempts: attempts.map((one) => ({ ...one }))
  }
}

export const make = ({ entries, history, status }: Seen): Shown => {
  const { epoch, failures, id, payload, phases, position, task, times, version, waits } = status
  const records = history.phases
  const created = entries[0]?.entry
  const { closeError, owner, parent, result, stage } = status
  return {
    id,
    task,
    version,
    status: status.status,
    ...known({ parent }),
    ...(stage === undefined ? {} : { stage: { name: stage.name, n: stage.n, ...known({ state: stage.state }) } }),
    ...known({ discarded: status.discarded }),
    ...known({ tags: created?._tag === "Created" ? created.tags : undefined }),
    position,
    failures,
    waits,
    payload,
    ...known({ result }),
    times: {
      created: times.created,
      updated: times.updated,
      ...known({ due: times.due, started: times.started, ended: times.ended })
    },
    epoch,
    ...known({ owner, closeError }),
    entries: entries[entries.length - 1]!.seq + 1,
    phases: phases.map(({ path, state }) => phase(records.get(path)!, state))
  }
}
