/**
 * Whether an answer fits the JSON Schema that is kept with its token: for whoever completes a phase without its task's
 * code. See authoring/JsonSchema.ts for what such a schema says.
 */
import type { Ajv, ErrorObject, ValidateFunction } from "ajv"
import * as Effect from "effect/Effect"
import * as Json from "../core/Json.js"
import * as Thrown from "../core/Thrown.js"

type Members = { readonly [name: string]: Json.Json }
type Found = Json.Problem | undefined
type AtOnce = Found | Effect.Effect<Found>

/** Lengths in UTF-16 units and patterns without flags: as JavaScript, and so the task's code, reads them. */
const create = (Validator: typeof Ajv): Ajv => {
  const ajv = new Validator({
    strict: false,
    logger: false,
    verbose: true,
    meta: false,
    validateSchema: false,
    validateFormats: false,
    ownProperties: true,
    unicodeRegExp: false
  })
  const length = (keyword: string, fits: (limit: number, length: number) => boolean): void => {
    ajv.removeKeyword(keyword)
    const validate = (limit: number, text: string): boolean => fits(limit, text.length)
    ajv.addKeyword({ keyword, type: "string", schemaType: "number", validate })
  }
  length("minLength", (limit, length) => length >= limit)
  length("maxLength", (limit, length) => length <= limit)
  return ajv.addVocabulary(["void"])
}

/** What a validator found wrong, by its word; what is not here was left to `anyOf` and its like. */
const reasons: { readonly [word: string]: (found: ErrorObject) => string } = {
  required: () => "is missing",
  type: ({ schema }) => `is not ${[schema].flat().join(" or ")}`,
  const: ({ schema }) => `is not ${JSON.stringify(schema)}`,
  enum: ({ schema }) => `is not one of ${JSON.stringify(schema).slice(0, 200)}`,
  minLength: ({ schema }) => `is shorter than ${schema}`,
  maxLength: ({ schema }) => `is longer than ${schema}`,
  pattern: ({ schema }) => `does not fit the pattern ${schema}`,
  minimum: ({ schema }) => `is less than ${schema}`,
  exclusiveMinimum: ({ schema }) => `is not more than ${schema}`,
  maximum: ({ schema }) => `is more than ${schema}`,
  exclusiveMaximum: ({ schema }) => `is not less than ${schema}`,
  minItems: ({ schema }) => `has fewer items than ${schema}`,
  maxItems: ({ schema }) => `has more items than ${schema}`,
  additionalItems: ({ params }) => `has more items than ${params.limit}`
}

/** The parts of a JSON pointer. */
const partsOf = (pointer: string): ReadonlyArray<string> =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))

/** The access that reaches what a pointer points at: only the value tells an index from a name. */
const accessOf = (value: Json.Json, { instancePath, keyword, params }: ErrorObject): string => {
  let at = "$"
  let here: Json.Json | undefined = value
  for (const part of partsOf(instancePath)) {
    at = Json.member(at, Array.isArray(here) ? Number(part) : part)
    here = (here as Members)[part]
  }
  return keyword === "required" ? Json.member(at, params.missingProperty as string) : at
}

/** Of what is wrong with each alternative, what lies deepest; a tag that differs says only that another one is meant. */
const problemOf = (value: Json.Json, errors: ReadonlyArray<ErrorObject>): Json.Problem => {
  const depth = (error: ErrorObject): number => partsOf(error.instancePath).length
  const told = errors.filter(({ keyword }) => keyword in reasons)
  const meant = told.filter(({ keyword }) => keyword !== "const")
  const [first, ...more] = [...(meant.length > 0 ? meant : told)].sort((a, b) => depth(b) - depth(a))
  if (first === undefined) return { at: "$", reason: "is nothing that is accepted" }
  const rivals = more.filter((error) => error.instancePath === first.instancePath && error.keyword === first.keyword)
  const reason = [first, ...rivals].map((error) => reasons[error.keyword]!(error)).join(", ")
  return { at: accessOf(value, first), reason: first.keyword === "required" ? "is missing" : reason }
}

/** So many compiled schemas are kept, those that were made last: one for each kind of phase that is completed. */
const maxKept = 500

let validator: typeof Ajv | undefined

/** Loads the validator, once: it takes longer than all the rest of an engine. */
export const load = async (): Promise<typeof Ajv> => {
  validator ??= (await import("ajv")).Ajv
  return validator
}

/** Checks answers. It compiles a schema once, and loads its validator when it is needed first. */
export class Answers {
  private readonly compiled = new Map<string, ValidateFunction>()
  private ajv: Ajv | undefined

  /** What keeps a value from fitting a schema, if anything does; `undefined` is no value. At once, with the validator at hand. */
  problem(schema: Json.Json, value: Json.Json | undefined): AtOnce {
    if (value === undefined) {
      return (schema as Members).void === true ? undefined : { at: "$", reason: "a value is needed" }
    }
    return validator === undefined
      ? Effect.map(Effect.promise(load), (Validator) => this.check(Validator, schema as Members, value))
      : this.check(validator, schema as Members, value)
  }

  private check(Validator: typeof Ajv, schema: Members, value: Json.Json): Found {
    this.ajv ??= create(Validator)
    const { ajv } = this
    try {
      const fits = this.validator(ajv, schema)
      return fits(value) ? undefined : problemOf(value, fits.errors ?? [])
    } catch (thrown) {
      return { at: "$", reason: `it cannot be checked: ${Thrown.text(thrown)}` }
    }
  }

  private validator(ajv: Ajv, schema: Members): ValidateFunction {
    const text = JSON.stringify(schema)
    const known = this.compiled.get(text)
    if (known !== undefined) return known
    const made = ajv.compile(schema)
    this.compiled.set(text, made)
    for (const [oldest, { schema }] of this.compiled) {
      if (this.compiled.size <= maxKept) break
      this.compiled.delete(oldest)
      ajv.removeSchema(schema as Members)
    }
    return made
  }
}
