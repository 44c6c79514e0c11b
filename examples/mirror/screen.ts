/** What the demo shows: lines, and on a terminal a bar under them. Piped, lines only and no control characters. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const styles = { bold: 1, dim: 2, green: 32, yellow: 33, red: 31, cyan: 36 } as const
export type Style = keyof typeof styles

export class Screen extends Context.Tag("examples/mirror/Screen")<
  Screen,
  {
    /** a line of its own */
    readonly line: (text: string, style?: Style) => Effect.Effect<void>
    /** how far something is; drawn anew in its place, and gone with the next line */
    readonly bar: (label: string, done: number, total: number) => Effect.Effect<void>
    /** the line that says why there is no more, where errors go */
    readonly error: (text: string) => Effect.Effect<void>
  }
>() {
  /** Lines and the bar go to `out`, coloured if `colours`; errors go to `err`. */
  static readonly on = (out: NodeJS.WriteStream, err: NodeJS.WriteStream, colours: boolean): Layer.Layer<Screen> =>
    Layer.scoped(Screen, Effect.as(open(out), make(out, err, colours)))
}

/** Back to the start of the line, which is then empty: on a terminal only. */
const wipe = (out: NodeJS.WriteStream): string => (out.isTTY ? "\r\u001b[2K" : "")

/** Leaves no half-drawn bar behind. A reader that went away (`| head`) is no reason to stop. */
const open = (out: NodeJS.WriteStream) =>
  Effect.acquireRelease(
    Effect.sync(() => out.on("error", () => undefined)),
    () => Effect.sync(() => out.write(wipe(out)))
  )

const make = (out: NodeJS.WriteStream, err: NodeJS.WriteStream, colours: boolean): Context.Tag.Service<Screen> => {
  const styled = (text: string, style: Style | undefined) =>
    colours && style !== undefined ? `\u001b[${styles[style]}m${text}\u001b[0m` : text
  const drawn = (label: string, done: number, total: number) => {
    const width = Math.max(10, Math.min(40, (out.columns ?? 80) - label.length - 20))
    const full = Math.min(width, Math.round((width * done) / Math.max(total, 1)))
    return `   ${label} ${styled("█".repeat(full), "cyan")}${styled("░".repeat(width - full), "dim")} ${done}/${total}`
  }
  const write = (text: string) => Effect.sync(() => void out.write(text))
  return {
    line: (text, style) => write(`${wipe(out)}${styled(text, style)}\n`),
    bar: (label, done, total) => (out.isTTY ? write(`${wipe(out)}${drawn(label, done, total)}`) : Effect.void),
    error: (text) =>
      Effect.zipRight(
        write(wipe(out)),
        Effect.sync(() => err.write(`${err.isTTY ? styled(text, "red") : text}\n`))
      )
  }
}
