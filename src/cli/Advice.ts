/** What is sensible to do next about an execution, by its status. */
import type { Wait } from "../authoring/ExecutionStatus.js"
import { isFinal, type Status, type Verb, verbs } from "../core/Status.js"
import type { Seen } from "./Seen.js"

export interface Next {
  readonly command: string
  readonly why: string
}

const safe = /^[\w@%+=:,./][\w@%+=:,./-]*$/

/** An argument as a shell takes it. What begins with a hyphen follows a `--`. */
export const quoted = (text: string): string => {
  const word = safe.test(text) || /^-[\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
  return text.startsWith("-") ? `-- ${word}` : word
}

const acts: { readonly [V in Verb]: string } = {
  resume: "goes on; what failed runs again",
  rerun: "items of a forEach that failed run again",
  pause: "no new phase starts",
  close: "ends it early; its finally blocks run",
  revert: "undoes what completed, newest first",
  goTo: "goes back or on to a checkpoint, and pauses there",
  discard: "forgets what was before a checkpoint, or a stage",
  skip: "takes a value for the phase where it stands, and goes on"
}

const asked: { readonly [S in Status]: ReadonlyArray<Verb> } = {
  Pending: [],
  Running: [],
  Waiting: [],
  Paused: ["resume", "close", "revert"],
  Failed: ["resume", "skip", "revert", "close"],
  Closing: [],
  Reverting: [],
  RevertFailed: ["resume", "skip"],
  Completed: [],
  Closed: [],
  Reverted: []
}

/** What is given with a verb, in the words of the command; nothing if it would be refused. */
const call = (verb: Verb, { history, status }: Seen): ReadonlyArray<Next> => {
  const { checkpoints, discarded, failures, position } = status
  const id = quoted(status.id)
  const path = failures[0]?.path ?? position
  if (verb === "skip") {
    const command = `tidemark skip --value JSON ${id} ${quoted(path)}`
    return history.phases.has(path) ? [{ command, why: acts.skip }] : []
  }
  if (verb === "revert" && discarded !== undefined) {
    const last = checkpoints[checkpoints.length - 1]
    const why = "undoes what came after that; before, it is discarded"
    return last === undefined ? [] : [{ command: `tidemark revert --to ${quoted(last.path)} ${id}`, why }]
  }
  return [{ command: `tidemark ${verb.toLowerCase()} ${id}`, why: acts[verb] }]
}

/** What ends a wait. */
const answer = (id: string, { child, kind, name, path }: Wait): ReadonlyArray<Next> => {
  if (child !== undefined) return [{ command: `tidemark show ${quoted(child)}`, why: "what it waits for" }]
  if (kind === "delegate")
    return [
      { command: "tidemark complete --value JSON TOKEN", why: `answers ${path}, with the token that it gave out` }
    ]
  return kind === "signal"
    ? [
        {
          command: `tidemark signal --value JSON ${quoted(id)} ${quoted(name)}`,
          why: `tells it what ${path} waits for`
        }
      ]
    : []
}

/** For what would go on, where no engine runs. */
export const worker: Next = { command: "tidemark worker --tasks MODULE", why: "goes on with it: no engine runs" }

/** What has it move, then what only looks, then what changes something. `alone`: no engine runs. */
export const next = (seen: Seen, alone = false): ReadonlyArray<Next> => {
  const { id, status: now, waits } = seen.status
  const calls = asked[now].filter((verb) => (verbs[verb].from as ReadonlyArray<Status>).includes(now))
  const isUnderWay = !isFinal(now) && calls.length === 0
  return [
    ...(isUnderWay && alone ? [worker] : []),
    ...(isUnderWay ? [{ command: `tidemark watch ${quoted(id)}`, why: "follows it live" }] : []),
    { command: `tidemark history ${quoted(id)}`, why: "all that happened, in order" },
    ...waits.flatMap((wait) => answer(id, wait)),
    ...calls.flatMap((verb) => call(verb, seen))
  ]
}
