/** Which of effect's filters a JSON Schema can say, and in which words. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import type { Json } from "../core/Json.js"

type Words = { readonly [word: string]: Json }

/**
 * A filter in the words of JSON Schema. What a filter was made with is known from annotations alone, which an author may
 * have written over: so the filter itself is asked for values on both sides of the border that the words draw.
 */
interface Row {
  readonly words: Words
  readonly passes: ReadonlyArray<unknown>
  readonly fails: ReadonlyArray<unknown>
}

/** What a filter says that it was made with. */
type Given = { readonly [word: string]: unknown }

type Find = (given: Given) => Row | undefined

/** The text of a pattern that this text fits, and nothing else. */
export const literally = (text: string): string => text.replace(/[\\^$*+?.()|[\]{}]/g, "\\$&")

/** Longer ones are not asked for: that would take too much memory. */
const maxCount = 65_536

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= maxCount

/** What has so many parts, at least, at most or both; `of` makes one. */
const counted =
  (type: string, of: (count: number) => unknown, least: string | undefined, most?: string): Find =>
  (given) => {
    const min = least === undefined ? 0 : given[least]
    const max = most === undefined ? min : given[most]
    if (!isCount(min) || !isCount(max)) return undefined
    return {
      words: { type, ...(least === undefined ? {} : { [least]: min }), ...(most === undefined ? {} : { [most]: max }) },
      passes: [of(min), of(max)],
      fails: [...(min > 0 ? [of(min - 1)] : []), ...(most === undefined ? [] : [of(max + 1)])]
    }
  }

const text = (length: number): unknown => "x".repeat(length)
const items = (length: number): unknown => Array.from({ length }, () => null)

/** The number next to this one, or nearly. */
const above = (n: number): number => n + Math.max(Math.abs(n) * Number.EPSILON, Number.MIN_VALUE)
const below = (n: number): number => -above(-n)

/** The last number that passes, and the first that fails. */
const borders = {
  minimum: (n: number) => [n, below(n)],
  exclusiveMinimum: (n: number) => [above(n), n],
  maximum: (n: number) => [n, above(n)],
  exclusiveMaximum: (n: number) => [below(n), n]
} satisfies Record<string, (n: number) => readonly [passes: number, fails: number]>

const bounded =
  (...needed: ReadonlyArray<keyof typeof borders>): Find =>
  (given) => {
    const words: Record<string, Json> = { type: "number" }
    const sides: Array<ReadonlyArray<number>> = []
    for (const word of needed) {
      const n = given[word]
      if (typeof n !== "number" || !Number.isFinite(n)) return undefined
      words[word] = n + 0 // not -0, which is no JSON
      sides.push(borders[word](n))
    }
    return { words, passes: sides.map(([passes]) => passes), fails: sides.map(([, fails]) => fails) }
  }

const fixed = (words: Words, passes: ReadonlyArray<unknown>, fails: ReadonlyArray<unknown> = []): Find => {
  const row = { words, passes, fails }
  return () => row
}

const spelled = (pattern: string, passes: string, ...fails: ReadonlyArray<string>): Find =>
  fixed({ type: "string", pattern }, [passes], fails)

const anyNumber = fixed({ type: "number" }, [0, -1.5, Number.MAX_VALUE])

const { MAX_SAFE_INTEGER, MIN_SAFE_INTEGER } = Number

/** By the filter's id: all that are not here cannot be said exactly. The patterns of the last two ignore case. */
const rows: ReadonlyMap<unknown, Find> = new Map<unknown, Find>([
  [Schema.MinLengthSchemaId, counted("string", text, "minLength")],
  [Schema.MaxLengthSchemaId, counted("string", text, undefined, "maxLength")],
  [Schema.LengthSchemaId, counted("string", text, "minLength", "maxLength")],
  [Schema.MinItemsSchemaId, counted("array", items, "minItems")],
  [Schema.MaxItemsSchemaId, counted("array", items, undefined, "maxItems")],
  [Schema.ItemsCountSchemaId, counted("array", items, "minItems", "maxItems")],
  [Schema.GreaterThanSchemaId, bounded("exclusiveMinimum")],
  [Schema.GreaterThanOrEqualToSchemaId, bounded("minimum")],
  [Schema.LessThanSchemaId, bounded("exclusiveMaximum")],
  [Schema.LessThanOrEqualToSchemaId, bounded("maximum")],
  [Schema.BetweenSchemaId, bounded("minimum", "maximum")],
  [Schema.FiniteSchemaId, anyNumber],
  [Schema.NonNaNSchemaId, anyNumber],
  [Schema.JsonNumberSchemaId, anyNumber],
  [
    Schema.IntSchemaId,
    fixed(
      { type: "integer", minimum: MIN_SAFE_INTEGER, maximum: MAX_SAFE_INTEGER },
      [0, MIN_SAFE_INTEGER, MAX_SAFE_INTEGER],
      [0.5, MAX_SAFE_INTEGER + 1, MIN_SAFE_INTEGER - 1]
    )
  ],
  [Schema.TrimmedSchemaId, spelled("^(?!\\s)[\\s\\S]*(?<!\\s)$", "a b", " a", "a\n")],
  [
    Schema.UUIDSchemaId,
    spelled("^[\\da-fA-F]{8}-([\\da-fA-F]{4}-){3}[\\da-fA-F]{12}$", "0000000a-0000-0000-0000-00000000000F", "0")
  ],
  [
    Schema.ULIDSchemaId,
    spelled("^[0-7][\\dA-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$", "01234567vwabcdefghjkmnPQRS", "01234567vwabcdefghjkmnPQRU")
  ]
])

const held = (found: unknown, word: string): string | undefined => {
  const value = (found as Given | undefined)?.[word]
  return typeof value === "string" ? value : undefined
}

/** A filter whose annotation of its own holds what it looks for; flags other than these change what a pattern means. */
const patternOf = ({ annotations }: AST.Refinement): string | undefined => {
  const { regex } = (annotations[Schema.PatternSchemaId] ?? {}) as { readonly regex?: unknown }
  if (regex instanceof RegExp) return /^[dg]*$/.test(regex.flags) ? regex.source : undefined
  const starts = held(annotations[Schema.StartsWithSchemaId], "startsWith")
  if (starts !== undefined) return `^${literally(starts)}`
  const ends = held(annotations[Schema.EndsWithSchemaId], "endsWith")
  if (ends !== undefined) return `${literally(ends)}$`
  const includes = held(annotations[Schema.IncludesSchemaId], "includes")
  return includes === undefined ? undefined : literally(includes)
}

/** The words of JSON Schema for what this filter adds to the type that it refines, if there are any. */
export const words = (ast: AST.Refinement): Words | undefined => {
  const pattern = patternOf(ast)
  if (pattern !== undefined) return { type: "string", pattern }
  const id = Option.getOrUndefined(AST.getSchemaIdAnnotation(ast))
  const given = Option.getOrElse(AST.getJSONSchemaAnnotation(ast), () => ({}))
  const found = rows.get(id)?.(given as Given)
  const passes = (value: unknown): boolean => Option.isNone(ast.filter(value, AST.defaultParseOption, ast))
  return found?.passes.every(passes) && !found.fails.some(passes) ? found.words : undefined
}
