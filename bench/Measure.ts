/** How a figure is measured: rounds in which all variants take turns, so that a busy moment hits each; and their medians. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

/** One thing that is measured: a round answers one figure, in `unit`. */
export interface Variant {
  readonly name: string
  readonly unit: "/s" | "ms" | "MB" | "bytes"
  readonly round: Effect.Effect<number>
}

/** One figure over another, round by round; and what it should be. */
export interface Ratio {
  readonly name: string
  readonly of: string
  readonly to: string
  readonly goal?: { readonly least: number } | { readonly most: number }
}

/** A figure that has a goal of its own. */
export interface Limit {
  readonly of: string
  readonly below: number
}

export interface Group {
  readonly name: string
  readonly about: string
  readonly rounds: number
  /** rounds that are not counted: for the compiler to warm up */
  readonly warmUp: number
  readonly variants: ReadonlyArray<Variant>
  readonly ratios: ReadonlyArray<Ratio>
  readonly limits?: ReadonlyArray<Limit>
}

/** The middle one; of an even number the mean of the two. */
export const median = (numbers: ReadonlyArray<number>): number => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** Milliseconds that an effect took. */
export const time = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const began = performance.now()
    return Effect.map(effect, () => performance.now() - began)
  })

const show = (figure: number, unit: Variant["unit"]): string =>
  `${figure >= 100 ? Math.round(figure).toLocaleString("en") : figure.toFixed(2)} ${unit}`

const goalOf = ({ goal }: Ratio, ratio: number): string => {
  if (goal === undefined) return ""
  const [kept, text] =
    "least" in goal ? [ratio >= goal.least, `>= ${goal.least}`] : [ratio <= goal.most, `<= ${goal.most}`]
  return kept ? `goal ${text}: met` : `goal ${text}: MISSED`
}

const row = (cells: ReadonlyArray<string>): string =>
  `  ${cells[0]!.padEnd(58)} ${cells
    .slice(1)
    .map((cell) => cell.padStart(16))
    .join(" ")}`.trimEnd()

/** Measures a group and prints its table. */
export const run = (group: Group, rounds: number | undefined) =>
  Effect.gen(function* () {
    const figures = new Map<string, Array<number>>(group.variants.map(({ name }) => [name, []]))
    const counted = rounds ?? group.rounds
    for (let index = 0; index < group.warmUp + counted; index++) {
      for (const { name, round } of group.variants) {
        const figure = yield* round
        if (index >= group.warmUp) figures.get(name)!.push(figure)
      }
    }
    yield* Console.log(`\n${group.name}: ${group.about} (median of ${counted})`)
    for (const { name, unit } of group.variants) {
      const all = figures.get(name)!
      const spread = `${show(Math.min(...all), unit)} .. ${show(Math.max(...all), unit)}`
      yield* Console.log(row([name, show(median(all), unit), spread]))
    }
    for (const ratio of group.ratios) {
      const of = figures.get(ratio.of)!
      const to = figures.get(ratio.to)!
      const found = median(of.map((figure, index) => figure / to[index]!))
      yield* Console.log(row([ratio.name, `x ${found.toFixed(2)}`, goalOf(ratio, found)]))
    }
    for (const { below, of } of group.limits ?? []) {
      const kept = median(figures.get(of)!) < below
      yield* Console.log(row([of, "", `goal < ${below}: ${kept ? "met" : "MISSED"}`]))
    }
  })
