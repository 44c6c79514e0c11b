/** What the compiler says to whoever makes a mistake: each snippet's message holds our sentence. */
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import ts from "typescript"

const root = fileURLToPath(new URL("../../", import.meta.url))

const head = `
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import * as Task from "../../src/authoring/Task.js"
class Declined extends Schema.TaggedError<Declined>()("Declined", { reason: Schema.String }) {}
declare const answers: <A>() => Effect.Effect<A>
declare const declines: Effect.Effect<number, Declined>
`

const starred = "yield* a Phase here; wrap an Effect in Phase.make(name, effect)"
const body = (text: string) => `export const task = Task.make("task", { *run() { ${text} } })`

const mistakes: ReadonlyArray<readonly [mistake: string, code: string, says: string]> = [
  ["an Effect is yielded", body("yield* Effect.succeed(1)"), starred],
  ["a promise is yielded", body("yield Promise.resolve(1)"), starred],
  ["a bare value is yielded", body("yield 1"), "Type 'number' is not assignable to type 'Yielded<"],
  ["the star is forgotten", body(`yield Phase.make("x", Effect.succeed(1))`), starred],
  [
    "an Effect is yielded by the revert",
    `export const task = Task.make("task", { *run() {}, *revert() { yield* Effect.log("x") } })`,
    starred
  ],
  [
    "no error schema is given",
    body(`yield* Phase.make("x", declines)`),
    "phases of this task fail: give it an `error` schema that covers their failures"
  ],
  [
    "a result is not JSON",
    `export const f = function*() { yield* Phase.make("x", answers<Date>()) }`,
    "the result is not plain JSON: write Phase.make(name, { run, success })"
  ],
  [
    "a result is not inferred",
    `export const f = function*() {
      yield* Phase.make("x", { run: Effect.as(declines, "a"), undo: (text) => Effect.log(text) })
    }`,
    "TypeScript does not know the result: pipe the effect, write Phase.make(name, effect, { undo }), or give `success`"
  ],
  [
    "a success schema does not cover",
    `export const f = function*() { yield* Phase.make("x", { run: answers<Date>(), success: Schema.Number }) }`,
    "`success` does not cover the result"
  ],
  [
    "an error schema does not cover",
    `export const f = function*() { yield* Phase.make("x", { run: declines, error: Schema.Number }) }`,
    "`error` does not cover the failures"
  ],
  [
    "a failure that is not JSON is to be a value",
    `export const f = function*() { yield* Phase.either(Phase.make("x", declines)) }`,
    "this phase needs an `error` schema before its failure can be a value"
  ],
  [
    "a checkpoint's data is not JSON",
    `export const f = function*() { yield* Phase.checkpoint("x", { data: new Date(0) }) }`,
    "the checkpoint's data is not plain JSON"
  ]
]

const fileOf = (index: number): string => `${root}test/types/mistake-${index}.ts`

const compile = (): ts.Program => {
  const config = ts.getParsedCommandLineOfConfigFile(
    `${root}tsconfig.json`,
    { skipLibCheck: true },
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) =>
        assert.fail(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"))
    }
  )!
  const files = new Map(mistakes.map(([, code], index) => [fileOf(index), head + code]))
  const host = ts.createCompilerHost(config.options)
  const { fileExists, getSourceFile, readFile } = host
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path) ?? readFile(path)
  host.getSourceFile = (path, options) => {
    const text = files.get(path)
    return text === undefined ? getSourceFile(path, options) : ts.createSourceFile(path, text, options)
  }
  return ts.createProgram([...files.keys()], config.options, host)
}

describe("the compiler names the mistake when", () => {
  const program = compile()
  const unused = [6133, 6192, 6196]

  for (const [index, [mistake, , says]] of mistakes.entries()) {
    it(mistake, () => {
      const found = program
        .getSemanticDiagnostics(program.getSourceFile(fileOf(index)))
        .filter(({ code }) => !unused.includes(code))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))
      assert.isNotEmpty(found)
      assert.include(found.join("\n"), says)
    })
  }
})
