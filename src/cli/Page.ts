/**
 * What a verb shows: lines and tables, made of data by pure functions, and printed in one place. On a terminal they fit its
 * columns. Elsewhere nothing is cut: a line is a line, and a table has no header and a tab between its cells.
 */
import * as Text from "./Text.js"

/** One line. `hang`: it is wrapped where it is too long, and goes on that far to the right; otherwise it is cut. */
export interface Line {
  readonly _tag: "Line"
  readonly spans: ReadonlyArray<Text.Span>
  readonly hang: number | undefined
}

export interface Column {
  readonly title: string
  /** it is made narrower where there is no room, down to this */
  readonly least?: number
  readonly end?: boolean
}

export interface Table {
  readonly _tag: "Table"
  readonly indent: number
  readonly columns: ReadonlyArray<Column>
  readonly rows: ReadonlyArray<ReadonlyArray<Text.Span>>
}

export type Block = Line | Table
export type Page = ReadonlyArray<Block>

/** Where a page is printed. Without `columns`, it is no terminal. */
export interface Paper {
  readonly columns: number | undefined
  readonly colours: boolean
}

/** What is printed for, when. */
export interface Viewer {
  /** in milliseconds UTC */
  readonly now: number
  /** a person before a terminal: times are told as how long ago, and what is long is left out */
  readonly terminal: boolean
}

type Piece = Text.Span | string

const span = (piece: Piece): Text.Span => (typeof piece === "string" ? { text: piece } : piece)

/** A line that is cut. */
export const line = (...pieces: ReadonlyArray<Piece>): Line => ({
  _tag: "Line",
  spans: pieces.map(span),
  hang: undefined
})

/** A line that is wrapped. */
export const flow = (hang: number, ...pieces: ReadonlyArray<Piece>): Line => ({
  _tag: "Line",
  spans: pieces.map(span),
  hang
})

export const blank: Line = line()

export const table = (
  indent: number,
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Piece>>
): Table => ({ _tag: "Table", indent, columns, rows: rows.map((cells) => cells.map(span)) })

/** Words and what they mean, wherever it is printed. */
export const glossary = (rows: ReadonlyArray<readonly [word: string, meaning: string]>): Page => {
  const wide = Math.max(...rows.map(([word]) => Text.width(Text.escape(word))))
  return rows.map(([word, meaning]) =>
    flow(wide + 4, { text: `  ${Text.pad(Text.escape(word), wide)}  `, tone: "strong" }, meaning)
  )
}

const escaped = (spans: ReadonlyArray<Text.Span>): ReadonlyArray<Text.Span> =>
  spans.map((one) => ({ ...one, text: Text.escape(one.text) }))

const lineTexts = ({ hang, spans }: Line, { colours, columns }: Paper): ReadonlyArray<string> => {
  const safe = escaped(spans)
  if (columns === undefined) return [Text.paint(safe, colours)]
  if (hang === undefined) return [Text.paint(Text.clip(safe, columns), colours)]
  return Text.wrap(safe, columns, hang).map((one) => Text.paint(one, colours))
}

const gap = 2

/** How wide each column is: as its widest cell, and less, from the last to the first, where that is too much together. */
const widthsOf = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Text.Span>>,
  room: number
): ReadonlyArray<number> => {
  const widths = columns.map(({ title }, index) =>
    rows.reduce((most, cells) => Math.max(most, Text.width(cells[index]!.text)), Text.width(title))
  )
  let over = widths.reduce((sum, one) => sum + one, gap * (columns.length - 1)) - room
  for (let index = columns.length - 1; index >= 0 && over > 0; index--) {
    const { least } = columns[index]!
    if (least === undefined) continue
    const less = Math.min(over, Math.max(0, widths[index]! - least))
    widths[index]! -= less
    over -= less
  }
  return widths
}

const tableTexts = ({ columns, indent, rows }: Table, paper: Paper): ReadonlyArray<string> => {
  const safe = rows.map(escaped)
  if (paper.columns === undefined) return safe.map((cells) => cells.map(({ text }) => text).join("\t"))
  const room = paper.columns
  const widths = widthsOf(columns, safe, room - indent)
  const header = columns.map(({ title }): Text.Span => ({ text: title, tone: "dim" }))
  const titled = columns.some(({ title }) => title !== "")
  return (titled ? [header, ...safe] : safe).map((cells) => {
    const spans = cells.map((cell, index) => {
      const text = Text.pad(Text.cut(cell.text, widths[index]!), widths[index]!, columns[index]!.end)
      return { ...cell, text: index === 0 ? text : " ".repeat(gap) + text }
    })
    return Text.paint(Text.clip([{ text: " ".repeat(indent) }, ...spans], room), paper.colours)
  })
}

/** The lines of a page, without what ends them. */
export const lines = (page: Page, paper: Paper): ReadonlyArray<string> =>
  page.flatMap((block) => (block._tag === "Line" ? lineTexts(block, paper) : tableTexts(block, paper)))

/** A page as text. */
export const render = (page: Page, paper: Paper): string =>
  lines(page, paper)
    .map((text) => `${text}\n`)
    .join("")
