/**
 * What holds the house up: who may import whom, which words are spoken only at the edges, no circles, no `any` in what
 * a file exports. Each rule is a function from the files of src/ to complaints; the last table shows each rule a file
 * that breaks it, so that none of them passes by seeing nothing.
 */
import { readdirSync, readFileSync } from "node:fs"
import { posix, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import ts from "typescript"

/** The modules of effect that are values and functions only: no runtime, no clock, no I/O. */
const pure =
  "Array BigDecimal BigInt Boolean Brand Cause Chunk Context Data Duration Either Encoding Equal Equivalence Exit Function Graph Hash HashMap HashSet Inspectable Iterable JSONSchema List Match MutableHashMap MutableHashSet NonEmptyIterable Number Option Order Ordering ParseResult Pipeable Predicate Record Redacted RegExp Schema SchemaAST SortedMap SortedSet String Struct Symbol Trie Tuple Types Unify"
    .split(" ")
    .map((name) => `effect/${name}`)

interface Row {
  readonly files: string
  readonly may: ReadonlyArray<string>
  /** what it may import besides with `import type`, which leaves nothing at run time */
  readonly types?: ReadonlyArray<string>
  readonly never?: ReadonlyArray<string>
}

/**
 * What a file may import beside its own wing: all that the rows which match its path allow, and nothing that one of them
 * forbids. `*` stands for any text. A file right in src/ is a face: it assembles, and may import every wing.
 */
const rows: ReadonlyArray<Row> = [
  { files: "core/*", may: pure, types: ["effect/*"] },
  { files: "authoring/*", may: ["core/*", "effect/*"] },
  { files: "core/Sha256.ts", may: ["node:crypto"] },
  { files: "store/*", may: ["core/*", "effect/*"] },
  { files: "store/SqlStore.ts", may: ["@effect/sql/*"] },
  { files: "store/migrations.ts", may: ["@effect/sql/*"] },
  {
    files: "store/Sqlite*.ts",
    may: [
      "@effect/sql/*",
      "@effect/sql-sqlite-node/*",
      "@effect/experimental/*",
      "node:crypto",
      "node:fs",
      "node:os",
      "node:path"
    ]
  },
  { files: "engine/*", may: ["core/*", "authoring/*", "store/Store.ts", "effect/*"] },
  { files: "engine/Config.ts", may: ["node:crypto"] },
  { files: "engine/Answers.ts", may: ["ajv"] },
  { files: "engine/Glimpse.ts", may: ["node:vm"] },
  {
    files: "testing/*",
    may: [
      "core/*",
      "store/Store.ts",
      "store/Encoded.ts",
      "store/Token.ts",
      "store/Exported.ts",
      "store/MemoryStore.ts",
      "engine/*",
      "effect/*",
      "node:fs",
      "node:os",
      "node:path"
    ],
    types: ["authoring/*"]
  },
  { files: "testing/StoreSuite*.ts", may: ["store/Chain.ts", "@effect/vitest"] },
  {
    files: "watchdog/*",
    may: ["engine/Turn.ts", "effect/*", "node:fs", "node:inspector", "node:worker_threads"]
  },
  { files: "http/*", may: ["core/*", "engine/*", "effect/*", "@effect/platform/*"] },
  { files: "cluster/*", may: ["core/*", "engine/*", "effect/*", "@effect/platform/*", "@effect/cluster/*"] },
  {
    files: "cli/*",
    may: [
      "core/*",
      "authoring/TaskEngine.ts",
      "http/*",
      "engine/*",
      "store/*",
      "effect/*",
      "@effect/cli/*",
      "@effect/platform/*",
      "node:*"
    ],
    types: ["authoring/*"],
    never: ["core/Interpreter.ts"]
  },
  { files: "dashboard/*", may: ["core/*", "http/*", "effect/*", "@effect/platform/*"] }
]

/** Whole packages pull in every module they have: effect's are imported module by module; the test kit has but one. */
const barrel = /^(effect|@effect\/(?!vitest$)[^/]+)$/

/** Time, randomness, the environment and output come from services, so that a test owns them. */
const banned = ["Date.now", "new Date(", "setTimeout", "Math.random", "process.env", "console."]
const edges = ["cli/*", "dashboard/*"]

interface Import {
  readonly specifier: string
  /** a path below src/ for a relative import, else the specifier */
  readonly target: string
  readonly typeOnly: boolean
}

interface Source {
  readonly path: string
  readonly file: ts.SourceFile
  readonly imports: ReadonlyArray<Import>
}

type Rule = (house: ReadonlyArray<Source>) => ReadonlyArray<string>

/** A node and all below it, but for the children that `skip` names. */
const below = (root: ts.Node, skip: (child: ts.Node, parent: ts.Node) => boolean = () => false) => {
  const found = [root]
  for (const node of found) {
    ts.forEachChild(node, (child) => {
      if (!skip(child, node)) found.push(child)
    })
  }
  return found
}

const specifierOf = (node: ts.Node): { specifier: ts.Node | undefined; typeOnly: boolean } | undefined => {
  if (ts.isImportDeclaration(node)) {
    return { specifier: node.moduleSpecifier, typeOnly: node.importClause?.isTypeOnly ?? false }
  }
  if (ts.isExportDeclaration(node)) return { specifier: node.moduleSpecifier, typeOnly: node.isTypeOnly }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { specifier: node.argument.literal, typeOnly: true }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return { specifier: node.arguments[0], typeOnly: false }
  }
  return undefined
}

const targetOf = (path: string, specifier: string): string =>
  specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts") : specifier

const read = (path: string, text: string): Source => {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const imports = below(file).flatMap((node) => {
    const found = specifierOf(node)
    if (found?.specifier === undefined || !ts.isStringLiteralLike(found.specifier)) return []
    const specifier = found.specifier.text
    return [{ specifier, target: targetOf(path, specifier), typeOnly: found.typeOnly }]
  })
  return { path, file, imports }
}

const wingOf = (path: string): string | undefined => (path.includes("/") ? path.split("/")[0] : undefined)

const matches = (path: string) => (pattern: string) =>
  new RegExp(`^${pattern.replace(/[.+^$()[\]{}|\\]/g, "\\$&").replaceAll("*", ".*")}$`).test(path)

const line = ({ file, path }: Source, node: ts.Node): string =>
  `${path}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`

const hasPlace: Rule = (house) =>
  house
    .filter(({ path }) => path.includes("/") && !rows.some((row) => matches(path)(row.files)))
    .map(({ path }) => path)

const mayImport = (path: string, { target, typeOnly }: Import): boolean => {
  const mine = rows.filter((row) => matches(path)(row.files))
  if (mine.some((row) => row.never?.some(matches(target)))) return false
  if (wingOf(path) === undefined || wingOf(path) === wingOf(target)) return true
  return mine.some((row) => [...row.may, ...(typeOnly ? (row.types ?? []) : [])].some(matches(target)))
}

const arrowsRunDown: Rule = (house) =>
  house.flatMap(({ imports, path }) =>
    imports.filter((found) => !mayImport(path, found)).map(({ specifier }) => `${path} imports ${specifier}`)
  )

const noBarrels: Rule = (house) =>
  house.flatMap(({ imports, path }) =>
    imports.filter(({ specifier }) => barrel.test(specifier)).map(({ specifier }) => `${path} imports ${specifier}`)
  )

const noCircles: Rule = (house) => {
  const next = new Map(house.map(({ imports, path }) => [path, imports.map(({ target }) => target)]))
  const done = new Set<string>()
  const visit = (path: string, trail: ReadonlyArray<string>): ReadonlyArray<string> => {
    if (trail.includes(path)) return [[...trail.slice(trail.indexOf(path)), path].join(" -> ")]
    if (done.has(path)) return []
    const found = (next.get(path) ?? []).flatMap((target) => visit(target, [...trail, path]))
    done.add(path)
    return found
  }
  return [...next.keys()].flatMap((path) => visit(path, []))
}

/** How code reaches a word: comments, strings and longer names do not count. */
const wordOf = (node: ts.Node): string | undefined => {
  if (ts.isNewExpression(node)) return `new ${node.expression.getText()}(`
  if (ts.isPropertyAccessExpression(node)) return `${node.expression.getText()}.${node.name.text}`
  return ts.isIdentifier(node) ? node.text : undefined
}

const isBanned = (word: string): boolean =>
  banned.some((entry) => (entry.endsWith(".") ? word.startsWith(entry) : word === entry))

const noBannedWords: Rule = (house) =>
  house
    .filter(({ path }) => !edges.some(matches(path)))
    .flatMap((source) =>
      below(source.file).flatMap((node) => {
        const word = wordOf(node)?.replace("globalThis.", "")
        return word !== undefined && isBanned(word) ? [`${line(source, node)} says ${word}`] : []
      })
    )

const namesOf = (statement: ts.Statement): ReadonlyArray<string> => {
  const declarations = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement]
  return declarations.map((declaration) => (declaration as ts.DeclarationStatement).name?.getText() ?? "")
}

/** The statements whose types others see: not the body of an overloaded function, which only its overloads show. */
const exportedOf = (file: ts.SourceFile): ReadonlyArray<ts.Node> => {
  const named = file.statements.flatMap((statement) =>
    ts.isExportDeclaration(statement) &&
    statement.exportClause !== undefined &&
    ts.isNamedExports(statement.exportClause)
      ? statement.exportClause.elements.map(({ name, propertyName }) => (propertyName ?? name).text)
      : []
  )
  return file.statements.filter((statement, index) => {
    const names = namesOf(statement)
    const before = file.statements[index - 1]
    if (ts.isFunctionDeclaration(statement) && statement.body && before && namesOf(before)[0] === names[0]) return false
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined
    return (
      ts.isExportAssignment(statement) ||
      modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ||
      names.some((name) => named.includes(name))
    )
  })
}

/**
 * What is no part of a signature, or only bounds it: the constraint of a type parameter, what a conditional type extends,
 * a type called `Any` or `AnyTask`. In a bound, `any` is what lets a type be inferred.
 */
const isHidden = (child: ts.Node, parent: ts.Node): boolean => {
  if (ts.isBlock(child)) return true
  if (ts.isInterfaceDeclaration(child) || ts.isTypeAliasDeclaration(child)) return /^Any([A-Z]|$)/.test(child.name.text)
  if (ts.isTypeParameterDeclaration(parent)) return child === parent.constraint
  if (ts.isConditionalTypeNode(parent)) return child === parent.extendsType
  if (ts.isClassElement(child) && ts.canHaveModifiers(child)) {
    return ts.getModifiers(child)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) ?? false
  }
  const typed = parent as { type?: ts.Node; body?: ts.Node; initializer?: ts.Node }
  return typed.type !== undefined && (child === typed.body || child === typed.initializer)
}

const noExportedAny: Rule = (house) =>
  house.flatMap((source) =>
    exportedOf(source.file)
      .flatMap((statement) => (isHidden(statement, source.file) ? [] : below(statement, isHidden)))
      .filter(({ kind }) => kind === ts.SyntaxKind.AnyKeyword)
      .map((node) => `${line(source, node)} exports any`)
  )

const root = fileURLToPath(new URL("../src/", import.meta.url))

const house = readdirSync(root, { encoding: "utf8", recursive: true })
  .filter((path) => /\.[cm]?tsx?$/.test(path))
  .sort()
  .map((path) => read(path.split(sep).join("/"), readFileSync(root + path, "utf8")))

const rules: ReadonlyArray<readonly [sentence: string, rule: Rule]> = [
  ["every file stands in a wing or is a face", hasPlace],
  ["a wing imports only what its row allows", arrowsRunDown],
  ["effect's packages are imported module by module", noBarrels],
  ["no imports run in a circle, those of types included", noCircles],
  ["time, randomness, environment and console are named only at the edges", noBannedWords],
  ["an exported signature says any only in a bound", noExportedAny]
]

const caught: ReadonlyArray<readonly [rule: Rule, files: Record<string, string>, complaints: ReadonlyArray<string>]> = [
  [hasPlace, { "utils/x.ts": "", "core/A.ts": "", "index.ts": "" }, ["utils/x.ts"]],
  [arrowsRunDown, { "core/A.ts": `import { b } from "../store/B.js"` }, ["core/A.ts imports ../store/B.js"]],
  [arrowsRunDown, { "core/A.ts": `import * as Layer from "effect/Layer"` }, ["core/A.ts imports effect/Layer"]],
  [arrowsRunDown, { "core/A.ts": `import type * as Layer from "effect/Layer"\nimport "./B.js"` }, []],
  [
    arrowsRunDown,
    { "engine/A.ts": `export * from "../store/SqlStore.js"` },
    ["engine/A.ts imports ../store/SqlStore.js"]
  ],
  [
    arrowsRunDown,
    { "authoring/A.ts": `type T = import("../engine/B.js").T` },
    ["authoring/A.ts imports ../engine/B.js"]
  ],
  [arrowsRunDown, { "store/A.ts": `const fs = await import("node:fs")` }, ["store/A.ts imports node:fs"]],
  [arrowsRunDown, { "store/SqliteLock.ts": `import * as fs from "node:fs"` }, []],
  [arrowsRunDown, { "cli/A.ts": `import "../core/Interpreter.js"` }, ["cli/A.ts imports ../core/Interpreter.js"]],
  [noBarrels, { "index.ts": `import { Effect } from "effect"` }, ["index.ts imports effect"]],
  [
    noBarrels,
    { "index.ts": `import "@effect/platform-node"\nimport "effect/Effect"` },
    ["index.ts imports @effect/platform-node"]
  ],
  [
    noCircles,
    { "core/A.ts": `import type { B } from "./B.js"`, "core/B.ts": `import "../core/A.js"` },
    ["core/A.ts -> core/B.ts -> core/A.ts"]
  ],
  [
    noBannedWords,
    { "core/A.ts": `// Date.now\nconst a = "setTimeout", b = Date.now()` },
    ["core/A.ts:2 says Date.now"]
  ],
  [
    noBannedWords,
    { "engine/A.ts": "new Date(0)\nconsole.log(process.env.HOME)" },
    ["engine/A.ts:1 says new Date(", "engine/A.ts:2 says console.log", "engine/A.ts:2 says process.env"]
  ],
  [noBannedWords, { "cli/A.ts": "console.log(Math.random())" }, []],
  [noExportedAny, { "core/A.ts": "export const f = (a: any): string => String(a)" }, ["core/A.ts:1 exports any"]],
  [noExportedAny, { "core/A.ts": "interface B { c: Array<any> }\nexport type { B }" }, ["core/A.ts:1 exports any"]],
  [noExportedAny, { "core/A.ts": "export const f = <A extends S<any>>(a: A): string => { return a as any }" }, []],
  [
    noExportedAny,
    { "core/A.ts": "export type AnyTask = Task<any>\nexport type Of<T> = T extends Task<any> ? 1 : 2" },
    []
  ]
]

describe("the house", () => {
  for (const [sentence, rule] of rules) {
    it(sentence, () => assert.deepStrictEqual(rule(house), []))
  }

  it("each rule sees what it forbids", () => {
    for (const [rule, files, complaints] of caught) {
      const found = rule(Object.entries(files).map(([path, text]) => read(path, text)))
      assert.sameMembers([...found], [...complaints], JSON.stringify(files))
    }
  })
})
