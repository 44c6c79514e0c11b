/** Which executions are meant, as somebody writes it: `KEY=VALUE`, each of which has to be true. */
import * as Effect from "effect/Effect"
import * as Near from "../core/Near.js"
import * as Status from "../core/Status.js"
import type { Query } from "../engine/Search.js"
import * as Complaint from "./Complaint.js"

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** A time, in milliseconds UTC: `2h` ago, or as ISO 8601 has it. */
export const time = (option: string, text: string, now: number): Effect.Effect<number, Complaint.Complaint> => {
  const ago = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text)
  const at = ago === null ? Date.parse(text) : now - Number(ago[1]) * units[ago[2]!]!
  return Number.isFinite(at)
    ? Effect.succeed(Math.round(at))
    : Complaint.usage(
        `${option}: ${text} is no time`,
        "write how long ago it was (90s, 15m, 2h, 3d, 1w), or 2026-11-21T20:00Z"
      )
}

export const status = (text: string): Status.Status | undefined =>
  Status.all.find((one) => one.toLowerCase() === text.toLowerCase())

type Add = (query: Query, value: string, now: number) => Effect.Effect<Query, Complaint.Complaint>

const keys: Readonly<Record<string, Add>> = {
  task: (query, task) => Effect.succeed({ ...query, task }),
  status: (query, text) => {
    const found = status(text)
    return found === undefined
      ? Complaint.usage(`--where status: there is no status ${text}`, `there are ${Status.all.join(", ")}`)
      : Effect.succeed({ ...query, status: [...(query.status ?? []), found] })
  },
  text: (query, text) => Effect.succeed({ ...query, text }),
  tag: (query, tag) => Effect.succeed({ ...query, tags: [...(query.tags ?? []), tag] }),
  since: (query, text, now) => Effect.map(time("--where since", text, now), (since) => ({ ...query, since })),
  until: (query, text, now) => Effect.map(time("--where until", text, now), (until) => ({ ...query, until })),
  "failed-with": (query, failedWith) => Effect.succeed({ ...query, failedWith }),
  "waiting-on": (query, waitingOn) => Effect.succeed({ ...query, waitingOn })
}

/** All of these together. */
export const parse = (texts: ReadonlyArray<string>, now: number): Effect.Effect<Query, Complaint.Complaint> =>
  Effect.reduce(texts, {} as Query, (query, text) => {
    const at = text.indexOf("=")
    const key = at < 0 ? text : text.slice(0, at)
    const add = Object.hasOwn(keys, key) ? keys[key] : undefined
    if (add !== undefined && at >= 0) return add(query, text.slice(at + 1), now)
    const near = Near.misses(key, Object.keys(keys))
    return Complaint.usage(
      add === undefined ? `--where: there is nothing called ${key}` : `--where ${key} has no value: ${key}=VALUE`,
      near.length === 0 ? `KEY=VALUE, with ${Object.keys(keys).join(", ")}` : `did you mean ${near.join(", ")}?`
    )
  })
