/** Times and spans of time, as people read them. */
import type { Viewer } from "./Page.js"

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000]
] as const

/** How long, in its two largest units: `3d 4h`, `2m 5s`, `1.2s`, `12ms`. */
export const span = (millis: number): string => {
  const all = Math.max(0, Math.round(millis))
  if (all < 1_000) return `${all}ms`
  if (all < 10_000) return `${(Math.floor(all / 100) / 10).toString()}s`
  const at = units.findIndex(([, size]) => all >= size)
  const [unit, size] = units[at]!
  const next = units[at + 1]
  const rest = next === undefined ? 0 : Math.floor((all % size) / next[1])
  return `${Math.floor(all / size)}${unit}${next === undefined || rest === 0 ? "" : ` ${rest}${next[0]}`}`
}

/** A time, in UTC, to the millisecond. */
export const iso = (at: number): string => new Date(at).toISOString()

/** The day and the second, in UTC. */
export const stamp = (at: number): string => `${iso(at).slice(0, 19).replace("T", " ")}Z`

/** How long ago, or in how long. */
export const away = (at: number, now: number): string =>
  at <= now ? `${rough(now - at)} ago` : `in ${rough(at - now)}`

/** In its largest unit alone. */
const rough = (millis: number): string => {
  const found = units.find(([, size]) => millis >= size)
  return found === undefined ? "0s" : `${Math.floor(millis / found[1])}${found[0]}`
}

/** For a table: how long ago, or for a program the time itself. */
export const brief = (at: number, { now, terminal }: Viewer): string => (terminal ? away(at, now) : iso(at))

/** The time, and how long ago that is. */
export const full = (at: number, { now, terminal }: Viewer): string =>
  terminal ? `${stamp(at)}, ${away(at, now)}` : iso(at)
