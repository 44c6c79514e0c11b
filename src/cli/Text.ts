/**
 * Text for people: spans with a tone, wrapped and cut by the columns that they take on a terminal. Whatever comes from data
 * is escaped here, where it becomes text: no character of it moves a cursor, turns the direction of reading, or hides.
 */

export type Tone = "strong" | "dim" | "good" | "bad" | "warn" | "calm"

export interface Span {
  readonly text: string
  readonly tone?: Tone
}

const codes: { readonly [T in Tone]: number } = { strong: 1, dim: 2, good: 32, bad: 31, warn: 33, calm: 36 }

/** Controls (C0, C1, DEL), what formats without being seen (bidi, zero width), line separators, halves of pairs. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }

/** A text of which every character is seen: what would not be is written as in source code, `\n` or `\u{1b}`. */
export const escape = (text: string): string =>
  text.replace(unseen, (found) => short[found] ?? `\\u{${found.codePointAt(0)!.toString(16)}}`)

const ordinary = /^[\x20-\x7e]*$/
const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u
const narrow = /^\p{M}+$/u

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" })

const columnsOf = (grapheme: string): number => (narrow.test(grapheme) ? 0 : wide.test(grapheme) ? 2 : 1)

/** How many columns a text takes on a terminal, as far as anybody knows. */
export const width = (text: string): number => {
  if (ordinary.test(text)) return text.length
  let columns = 0
  for (const { segment } of graphemes.segment(text)) columns += columnsOf(segment)
  return columns
}

/** Its beginning, in at most so many columns; an ellipsis at the end if there is more. */
export const cut = (text: string, columns: number): string => {
  if (width(text) <= columns) return text
  if (columns < 1) return ""
  let kept = ""
  let left = columns - 1
  for (const { segment } of graphemes.segment(text)) {
    left -= columnsOf(segment)
    if (left < 0) break
    kept += segment
  }
  return `${kept}…`
}

/** The text, and spaces up to so many columns. */
export const pad = (text: string, columns: number, end = false): string => {
  const space = " ".repeat(Math.max(0, columns - width(text)))
  return end ? space + text : text + space
}

const painted = ({ text, tone }: Span, colours: boolean): string =>
  colours && tone !== undefined && text !== "" ? `\u001b[${codes[tone]}m${text}\u001b[0m` : text

/** Spans whose texts are escaped already, as one line. */
export const paint = (spans: ReadonlyArray<Span>, colours: boolean): string =>
  spans
    .map((span) => painted(span, colours))
    .join("")
    .replace(/ +$/, "")

/** Spans cut to so many columns together. */
export const clip = (spans: ReadonlyArray<Span>, columns: number): ReadonlyArray<Span> => {
  const kept: Array<Span> = []
  let left = columns
  for (const span of spans) {
    const size = width(span.text)
    if (size > left) {
      kept.push({ ...span, text: cut(span.text, left) })
      break
    }
    kept.push(span)
    left -= size
  }
  return kept
}

/** A text in lines of at most so many columns, broken at spaces where there are any. */
const broken = (text: string, first: number, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  let left = first
  const next = (): void => {
    lines.push(line.replace(/ +$/, ""))
    line = ""
    left = columns
  }
  for (const word of text.split(/(?<= )/)) {
    const size = width(word.trimEnd())
    if (size > left && (line !== "" || left < columns)) next()
    if (size <= columns) {
      line += word
      left -= width(word)
      continue
    }
    for (const { segment } of graphemes.segment(word)) {
      if (left < columnsOf(segment)) next()
      line += segment
      left -= columnsOf(segment)
    }
  }
  next()
  return lines
}

/** Spans in lines of at most so many columns, of which all but the first are indented by `hang`, or half of them. */
export const wrap = (spans: ReadonlyArray<Span>, columns: number, hang: number): ReadonlyArray<ReadonlyArray<Span>> => {
  const indent = Math.min(hang, columns >> 1)
  const lines: Array<Array<Span>> = [[]]
  let used = 0
  for (const span of spans) {
    for (const [index, text] of broken(span.text, columns - used, columns - indent).entries()) {
      if (index > 0) {
        lines.push([{ text: " ".repeat(indent) }])
        used = indent
      }
      lines[lines.length - 1]!.push({ ...span, text })
      used += width(text)
    }
    // What `broken` took from its end separates it from the next span.
    const space = Math.min(columns - used, span.text.length - span.text.trimEnd().length)
    if (space > 0) {
      lines[lines.length - 1]!.push({ text: " ".repeat(space) })
      used += space
    }
  }
  return lines
}
