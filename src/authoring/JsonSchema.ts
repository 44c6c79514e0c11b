/**
 * The JSON Schema (draft 07) of what a schema decodes from plain JSON: exact, or none. `JSONSchema.make` of effect describes;
 * this one must decide, for whoever has no task's code accepts and refuses by it what the code would.
 *
 * Two words are read as JavaScript reads them: the lengths of text count UTF-16 units, a pattern has no flags. `void: true`
 * at the top says that no value at all is accepted, too.
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import type { Json } from "../core/Json.js"
import * as Filter from "./Filter.js"

type Words = { readonly [word: string]: Json }

const inexact = (): never => {
  throw new TypeError("a JSON Schema cannot say it")
}

/** No JSON value at all. */
const none: Words = { not: {} }

/** More of these, and a schema is made anew on each of its levels. */
const maxDefinitions = 100

/** A name that values have without having it: what is missing would be found. */
const isInherited = (name: string): boolean => name in Object.prototype

/** Whether nothing at all, or a member that is missing, is accepted. */
const takesUndefined = (ast: AST.AST): boolean => {
  const found = Either.try(() =>
    ParseResult.decodeUnknownEither(Schema.make(ast) as Schema.Schema.AnyNoContext)(undefined)
  )
  return Either.isRight(found) && Either.isRight(found.right)
}

/** Whether values of this type need no look to be accepted: nothing in it is refined, transformed or declared. */
const isStructural = (ast: AST.AST): boolean => {
  switch (ast._tag) {
    case "Refinement":
    case "Declaration":
    case "Transformation":
    case "Suspend":
      return false
    case "Union":
      return ast.types.every(isStructural)
    case "TupleType":
      return [...ast.elements, ...ast.rest].every(({ type }) => isStructural(type))
    case "TypeLiteral":
      return [...ast.propertySignatures, ...ast.indexSignatures].every(({ type }) => isStructural(type))
    default:
      return true
  }
}

const isSurrogate = ({ annotations }: AST.Annotated): boolean => AST.SurrogateAnnotationId in annotations

/** What reads what `from` accepts without ever refusing it: a class, or members with other names or defaults. */
const neverFails = (ast: AST.Transformation): boolean => {
  const { to, transformation } = ast
  if (to._tag === "Declaration") return isSurrogate(ast) && isSurrogate(to)
  if (transformation._tag !== "TypeLiteralTransformation" || to._tag !== "TypeLiteral") return false
  const changed = new Set(transformation.propertySignatureTransformations.map((each) => each.to))
  return to.propertySignatures.every(({ name, type }) => !changed.has(name) || isStructural(type))
}

/** Both of them: in one object, where no word has two meanings. */
const both = (one: Words, other: Words): Words => {
  const clash = Object.keys(other).some((word) => word in one && (word !== "type" || one.type !== other.type))
  const whole = one.type === "number" && other.type === "integer" ? { ...one, type: "integer" } : one
  if (whole !== one) return both(whole, other)
  return clash || "$ref" in one ? { allOf: [one, other] } : { ...one, ...other }
}

const isWords = (value: Json | undefined): value is Words =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The words about a member, or about an element. */
const wordsAt = ({ items, properties }: Words, name: string): Words | undefined => {
  const found = (properties ?? items) as Words | undefined
  const words = found !== undefined && Object.hasOwn(found, name) ? found[name] : undefined
  return isWords(words) ? words : undefined
}

/** The members, or elements, by which effect tells the types of a union. */
const tagsOf = (words: Words): ReadonlyArray<string> =>
  [words.properties, words.items].flatMap((found) =>
    typeof found === "object" && found !== null
      ? Object.keys(found).filter((name) => "const" in (wordsAt(words, name) ?? {}))
      : []
  )

const isScalar = (words: Words): boolean =>
  "const" in words ||
  "enum" in words ||
  (typeof words.type === "string" && words.type !== "object" && words.type !== "array") ||
  (Array.isArray(words.anyOf) && words.anyOf.every((each) => isWords(each) && isScalar(each))) ||
  words === none

/**
 * Whether all that is accepted is a scalar, or has one there. For effect makes a text of what it tells types by, which
 * throws for `{ toString: 1 }`, although another type of the union may accept that.
 */
const isScalarAt = (words: Words, name: string): boolean => {
  if (Array.isArray(words.anyOf) && words.anyOf.every((each) => isWords(each) && isScalarAt(each, name))) return true
  if (words.type === "array" && !/^\d+$/.test(name)) return true
  return isScalar(words) || isScalar(wordsAt(words, name) ?? {})
}

type Rows = { readonly [Tag in AST.AST["_tag"]]: (ast: Extract<AST.AST, { readonly _tag: Tag }>) => Words }

class Writer {
  readonly definitions: Record<string, Words> = {}
  private readonly names = new Map<AST.AST, string>()

  /** What changes how a node is read, whatever it is, is not looked into. */
  write(ast: AST.AST): Words {
    if (AST.ParseOptionsAnnotationId in ast.annotations || AST.DecodingFallbackAnnotationId in ast.annotations)
      inexact()
    return this.rows[ast._tag](ast as never)
  }

  private readonly rows: Rows = {
    AnyKeyword: () => ({}),
    UnknownKeyword: () => ({}),
    VoidKeyword: () => ({}),
    NeverKeyword: () => none,
    UndefinedKeyword: () => none,
    BigIntKeyword: () => none,
    SymbolKeyword: () => none,
    UniqueSymbol: () => none,
    StringKeyword: () => ({ type: "string" }),
    NumberKeyword: () => ({ type: "number" }),
    BooleanKeyword: () => ({ type: "boolean" }),
    ObjectKeyword: () => ({ type: ["object", "array"] }),
    Literal: ({ literal }) => (isJson(literal) ? { const: literal } : none),
    Enums: ({ enums }) => oneOf(enums.map(([, value]) => value)),
    TemplateLiteral: (ast) => ({ type: "string", pattern: patternOf(ast) }),
    TupleType: (ast) => this.tuple(ast),
    TypeLiteral: (ast) => this.members(ast),
    Union: (ast) => this.union(ast),
    Refinement: (ast) => both(this.write(ast.from), Filter.words(ast) ?? inexact()),
    Transformation: (ast) => (neverFails(ast) ? this.write(ast.from) : inexact()),
    Suspend: (ast) => this.definition(ast),
    Declaration: inexact
  }

  private union({ types }: AST.Union): Words {
    const literals = types.flatMap((type) => (type._tag === "Literal" ? [type.literal] : []))
    if (literals.length === types.length) return oneOf(literals)
    const anyOf = types.map((type) => this.write(type))
    const tags = new Set(anyOf.flatMap(tagsOf))
    return [...tags].every((tag) => anyOf.every((each) => isScalarAt(each, tag))) ? { anyOf } : inexact()
  }

  private tuple({ elements, rest }: AST.TupleType): Words {
    const [head, ...more] = rest
    if (more.length > 0) return inexact()
    const others = head === undefined ? undefined : this.write(head.type)
    if (elements.length === 0)
      return others === undefined ? { type: "array", maxItems: 0 } : { type: "array", items: others }
    return {
      type: "array",
      items: elements.map(({ type }) => this.write(type)),
      minItems: elements.filter(({ isOptional }) => !isOptional).length,
      additionalItems: others ?? false
    }
  }

  private members({ indexSignatures, propertySignatures }: AST.TypeLiteral): Words {
    if (propertySignatures.length === 0 && indexSignatures.length === 0) return { not: { type: "null" } }
    const properties: Record<string, Words> = {}
    const required: Array<string> = []
    for (const { isOptional, name, type } of propertySignatures) {
      if (typeof name !== "string" || isInherited(name)) return inexact()
      properties[name] = this.write(type)
      if (!isOptional && !takesUndefined(type)) required.push(name)
    }
    const patternProperties: Record<string, Words> = {}
    for (const { parameter, type } of indexSignatures) {
      if (parameter._tag === "SymbolKeyword") continue
      const { pattern, type: key, ...more } = this.write(parameter)
      if (key !== "string" || Object.keys(more).length > 0) return inexact()
      patternProperties[typeof pattern === "string" ? pattern : ""] = this.write(type)
    }
    return {
      type: "object",
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      ...(required.length === 0 ? {} : { required }),
      ...(Object.keys(patternProperties).length === 0 ? {} : { patternProperties })
    }
  }

  private definition(ast: AST.Suspend): Words {
    let name = this.names.get(ast)
    if (name === undefined) {
      name = String(this.names.size)
      if (this.names.size === maxDefinitions) return inexact()
      this.names.set(ast, name)
      this.definitions[name] = this.write(ast.f())
    }
    return { $ref: `#/definitions/${name}` }
  }
}

const isJson = (literal: AST.LiteralValue): literal is string | number | boolean | null =>
  typeof literal === "number" ? Number.isFinite(literal) : typeof literal !== "bigint"

const oneOf = (literals: ReadonlyArray<AST.LiteralValue>): Words => {
  const values = [...new Set(literals.filter(isJson))]
  return values.length === 0 ? none : { enum: values }
}

/** A literal whose parts are all texts takes line breaks in them, unlike effect's own pattern for it. */
const patternOf = (ast: AST.TemplateLiteral): string =>
  ast.spans.every(({ type }) => type._tag === "StringKeyword")
    ? `^${[ast.head, ...ast.spans.map(({ literal }) => literal)].map(Filter.literally).join("[\\s\\S]*")}$`
    : AST.getTemplateLiteralRegExp(ast).source

/** The JSON Schema of what this decodes from JSON, and from nothing at all; `null` where it cannot say just that, or throws. */
export const of = (ast: AST.AST): Json | null => {
  const writer = new Writer()
  try {
    const words = writer.write(ast)
    return {
      ...words,
      ...(Object.keys(writer.definitions).length === 0 ? {} : { definitions: writer.definitions }),
      ...(takesUndefined(ast) ? { void: true } : {})
    }
  } catch {
    return null
  }
}
