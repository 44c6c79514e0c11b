/** What is sensible to do next about an execution, by its status. */
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

/** What is given with a verb, in the words of the command. */
const call = (verb: Verb, id: string, position: string): Next => ({
  command:
    verb === "skip"
      ? `tidemark skip --value JSON ${quoted(id)} ${quoted(position)}`
      : `tidemark ${verb.toLowerCase()} ${quoted(id)}`,
  why: acts[verb]
})

/** What only looks first, then what changes something. */
export const next = ({ status }: Seen): ReadonlyArray<Next> => {
  const { id, position, status: now } = status
  const calls = asked[now].filter((verb) => (verbs[verb].from as ReadonlyArray<Status>).includes(now))
  return [
    ...(isFinal(now) || calls.length > 0 ? [] : [{ command: `tidemark watch ${quoted(id)}`, why: "follows it live" }]),
    { command: `tidemark history ${quoted(id)}`, why: "all that happened, in order" },
    ...status.waits.flatMap(({ child }) =>
      child === undefined ? [] : [{ command: `tidemark show ${quoted(child)}`, why: "what it waits for" }]
    ),
    ...calls.map((verb) => call(verb, id, status.failures[0]?.path ?? position))
  ]
}
