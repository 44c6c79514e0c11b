/** The one place that prints: pages for people, JSON for programs, complaints where errors go. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Page from "./Page.js"

/** Where text goes. Whoever implements it prints what it is given, and nothing else. */
export interface Device {
  readonly paper: Page.Paper
  /** of a terminal */
  readonly rows: number | undefined
  readonly out: (text: string) => Effect.Effect<void>
  readonly err: (text: string) => Effect.Effect<void>
  /** of a person before a terminal: what they answer to a question; none: nobody is there */
  readonly ask: ((question: string) => Effect.Effect<string>) | undefined
}

export class Screen extends Context.Tag("tidemark/cli/Screen")<Screen, Device>() {}

/** Characters that JSON leaves as they are, and that a terminal may obey or hide. */
const raw = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

const coded = (found: string): string =>
  Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")

/** A value in one line of JSON, in which every character is seen. */
export const json = (value: unknown): string => `${JSON.stringify(value).replace(raw, coded)}\n`

export const viewer = ({ paper }: Device, now: number): Page.Viewer => ({
  now,
  terminal: paper.columns !== undefined
})

export const print = ({ out, paper }: Device, page: Page.Page): Effect.Effect<void> => out(Page.render(page, paper))
