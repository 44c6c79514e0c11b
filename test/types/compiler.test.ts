/**
 * What the compiler says: to whoever makes a mistake, our sentence; and nothing of the examples in doc comments. All of them
 * are one program, for most of the time goes into the libraries.
 */
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import ts from "typescript"

const root = fileURLToPath(new URL("../../", import.meta.url))

const head = `
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import * as Retry from "../../src/authoring/Retry.js"
import * as Task from "../../src/authoring/Task.js"
class Declined extends Schema.TaggedError<Declined>()("Declined", { reason: Schema.String }) {}
declare const answers: <A>() => Effect.Effect<A>
declare const declines: Effect.Effect<number, Declined>
const phase = Phase.make("x", Effect.succeed(1))
`

const starred = "yield* a Phase here; wrap an Effect in Phase.make(name, effect)"
const needed = "a Phase is needed here; wrap an Effect in Phase.make(name, effect)"
const strategy = "a Retry is needed here, such as Retry.times(3) or Retry.schedule(schedule)"
const yielded = (text: string) => `export const f = function* () { yield* ${text} }`
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
    "a stage is entered by a task that has none",
    `const Page = Task.stage("page", { state: { n: Schema.Number } })
    export const task = Task.make("task", { *run() { return yield* Page.enter({ n: 1 }) } })`,
    "this task enters a stage: give `stages` the body of it"
  ],
  [
    "a stage enters one that the task has not",
    `const Page = Task.stage("page", { state: { n: Schema.Number } })
    const Done = Task.stage("done", { state: { n: Schema.Number } })
    const task = Task.make("task", {
      stages: [Page.body(function* () { return yield* Done.enter({ n: 1 }) })],
      *run() { return yield* Page.enter({ n: 1 }) }
    })
    export const executed = task.execute({})`,
    "a stage enters one that `stages` does not have"
  ],
  [
    "a stage returns something else than its task",
    `const Page = Task.stage("page", { state: { n: Schema.Number } })
    const task = Task.make("task", {
      stages: [Page.body(function* () { return "no" })],
      *run() { return yield* Page.enter({ n: 1 }) }
    })
    export const executed = task.execute({})`,
    "`success` does not cover what a stage returns"
  ],
  [
    "a stage fails with something else than its task",
    `const Page = Task.stage("page", { state: { n: Schema.Number } })
    const task = Task.make("task", {
      stages: [Page.body(function* () { yield* Phase.make("x", declines) })],
      *run() { return yield* Page.enter({ n: 1 }) }
    })
    export const executed = task.execute({})`,
    "`error` does not cover the failures of a stage"
  ],
  [
    "no body of a stage is given",
    `const Page = Task.stage("page", { state: { n: Schema.Number } })
    export const task = Task.make("task", { stages: [Page], *run() {} })`,
    "a body of a stage is needed here: stage.body(function*(state) { ... })"
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
    "the checkpoint's data is not plain JSON: give `schema`"
  ],
  ["an Effect is to be captured", "export const a = Phase.either(Effect.succeed(1))", needed],
  ["an Effect is a branch", "export const a = Phase.all([phase, Effect.succeed(1)])", needed],
  ["an Effect is a branch by name", "export const a = Phase.all({ a: phase, b: Effect.succeed(1) })", needed],
  ["a promise is a branch", "export const a = Phase.all([Promise.resolve(1)])", needed],
  ["a bare value is a branch", "export const a = Phase.all([1])", "Type 'number' is not assignable to type 'Phase<"],
  [
    "a branch's result is not JSON",
    `export const a = Phase.all([Phase.make("x", answers<Date>())])`,
    "the result is not plain JSON: write Phase.make(name, { run, success })"
  ],
  ["an item is an Effect", `export const a = Phase.forEach("x", [1], (n) => Effect.succeed(n))`, needed],
  ["an item is a promise", `export const a = Phase.forEach("x", [1], async () => phase)`, needed],
  ["an Effect is raced", "export const a = Phase.race({ a: Effect.succeed(1) })", needed],
  ["nothing is raced", yielded("Phase.race([])"), "a race needs at least one branch"],
  [
    "a group yields an Effect",
    `export const a = Phase.group("x", function* (attempt) { yield* Effect.succeed(attempt) })`,
    starred
  ],
  ["a group yields a promise", `export const a = Phase.group("x", function* () { yield Promise.resolve(1) })`, starred],
  ["a group forgets the star", `export const a = Phase.group("x", function* () { yield phase })`, starred],
  [
    "a group's result is not JSON",
    yielded(`Phase.group("x", function* () { return new Date(0) })`),
    "the group's result is not plain JSON: give `success`"
  ],
  [
    "a group's schema does not cover",
    yielded(`Phase.group("x", function* () { return new Date(0) }, { success: Schema.Number })`),
    "`success` does not cover the group's result"
  ],
  [
    "a group is retried by a schedule as it is",
    `export const a = Phase.group("x", function* () {}, { retry: Schedule.recurs(3) })`,
    strategy
  ],
  [
    "a strategy's values are not JSON",
    `export const a = Phase.group("x", function* () {}, { retry: Retry.forEach([new Date(0)]) })`,
    "the values of Retry.forEach are not plain JSON"
  ],
  [
    "a decision's values are not JSON",
    `export const a = Phase.group("x", function* () {}, { retry: Retry.from({ first: 1n, next: () => Retry.giveUp }) })`,
    "the values of Retry.from are not plain JSON"
  ],
  [
    "a node runs an Effect",
    yielded(`Phase.graph("x", { a: { run: Effect.succeed(1) } })`),
    "what this node runs is not a phase: wrap an Effect in Phase.make(name, effect)"
  ],
  [
    "a node's function answers an Effect",
    yielded(`Phase.graph("x", { a: { run: phase }, b: { needs: ["a"], run: ({ a }) => Effect.succeed(a) } })`),
    "what this node runs is not a phase: wrap an Effect in Phase.make(name, effect)"
  ],
  [
    "a node's result is not JSON",
    yielded(`Phase.graph("x", { a: { run: () => Phase.make("x", answers<Date>()) } })`),
    "the result is not plain JSON: write Phase.make(name, { run, success })"
  ],
  [
    "a node has no run",
    `export const a = Phase.graph("x", { a: phase })`,
    "Property 'run' is missing in type 'Phase<number, never, never, never, true>'"
  ],
  [
    "a node has something else",
    yielded(`Phase.graph("x", { a: { run: phase }, b: { need: ["a"], run: phase } })`),
    "a node has `run` and `needs`, and nothing else"
  ],
  [
    "a need is no node",
    `export const a = Phase.graph("x", { fetch: { run: phase }, build: { needs: ["fetchh"], run: phase } })`,
    `Type '"fetchh"' is not assignable to type '"fetch"'`
  ],
  [
    "nodes need each other",
    yielded(`Phase.graph("x", { a: { needs: ["b"], run: phase }, b: { needs: ["a"], run: phase } })`),
    "these nodes need each other in a circle"
  ],
  [
    "a node takes another answer",
    yielded(`Phase.graph("x", { a: { run: phase }, b: { needs: ["a"], run: (_: { a: string }) => phase } })`),
    "this node takes other answers than those of its `needs`"
  ],
  [
    "an answer is not known",
    `export const a = Phase.graph("x", {
      a: { run: phase },
      b: { needs: ["a"], run: ({ a }) => Phase.make("x", Effect.succeed(a)) },
      c: { needs: ["b"], run: ({ b }) => Phase.make("x", Effect.succeed(b.toFixed())) }
    })`,
    "TypeScript does not know this answer here: write its type, as in run: ({ a }: { a: A }) => ..."
  ],
  [
    "an answer that is not known is answered",
    yielded(`Phase.graph("x", {
      a: { run: phase },
      b: { needs: ["a"], run: ({ a }) => Phase.make("x", Effect.succeed(a)) },
      c: { needs: ["b"], run: ({ b }) => Phase.make("x", Effect.succeed(b)) }
    })`),
    "TypeScript does not know this answer here: write its type, as in run: ({ a }: { a: A }) => ..."
  ],
  [
    "an answer that is not known is written as another one",
    yielded(`Phase.graph("x", {
      a: { run: phase },
      b: { needs: ["a"], run: ({ a }) => Phase.make("x", Effect.succeed(a)) },
      c: { needs: ["b"], run: ({ b }: { b: string }) => Phase.make(b, Effect.void) }
    })`),
    "this node takes other answers than those of its `needs`"
  ],
  [
    "an Effect is yielded by a group that is a branch",
    `export const a = Phase.all([Phase.group("x", function* () { yield* Effect.succeed(1) })])`,
    starred
  ],
  [
    "an Effect is a branch of an item",
    `export const a = Phase.forEach("x", [1], (n) => Phase.race([phase, Effect.succeed(n)]))`,
    needed
  ],
  [
    "a node runs branches that are Effects",
    `export const a = Phase.graph("x", { a: { run: () => Phase.all({ b: Effect.succeed(1) }) } })`,
    needed
  ],
  [
    "a group of a retry yields an Effect",
    `export const a = Phase.group("x", function* (_, n) { yield* Effect.succeed(n) }, { retry: Retry.forEach([1]) })`,
    starred
  ],
  [
    "a branch's failure that is not JSON is to be a value",
    yielded(`Phase.either(Phase.forEach("x", [1], () => Phase.make("x", declines)))`),
    "this phase needs an `error` schema before its failure can be a value"
  ],
  ["a token is yielded", body("yield* Phase.token"), starred],
  [
    "an answer comes later, without a schema",
    yielded(`Phase.make("x", Effect.succeed(Phase.later()))`),
    "somebody else answers later: give `success`, the schema of the answer"
  ],
  [
    "a later answer is none of its schema's",
    yielded(`Phase.make("x", { run: Effect.sync(() => [1, Phase.later()].at(0)!), success: Schema.String })`),
    "`success` does not cover the result"
  ],
  [
    "the failures of notify are not covered",
    yielded(`Phase.delegate("x", { notify: () => declines, error: Schema.Number })`),
    "`error` does not cover the failures of `notify`"
  ],
  [
    "a delegate's failure is not covered",
    body(`yield* Phase.delegate("x", { error: Declined })`),
    "phases of this task fail: give it an `error` schema that covers their failures"
  ],
  [
    "a child's failure is not covered",
    `const child = Task.make("child", { error: Declined, *run() { yield* Phase.make("x", declines) } })
    ${body("yield* Phase.all([child.phase({})])")}`,
    "phases of this task fail: give it an `error` schema that covers their failures"
  ]
]

/** The examples of doc comments: from `@example` to the end of the comment, or to the next tag. */
const examplesOf = (file: string): ReadonlyArray<readonly [name: string, code: string]> =>
  [...fs.readFileSync(`${root}src/${file}`, "utf8").matchAll(/^ *\* @example\n((?: *\*(?!\/)(?! @).*\n)*)/gm)].map(
    ([, lines], index) => [`${file} ${index + 1}`, `${lines!.replaceAll(/^ *\* ?/gm, "")}\nexport {}`]
  )

const examples = fs
  .readdirSync(`${root}src`, { encoding: "utf8", recursive: true })
  .filter((file) => file.endsWith(".ts"))
  .flatMap(examplesOf)

const fileOf = (name: string): string => `${root}test/types/${name.replaceAll(/\W+/g, "-")}.ts`

const compile = (snippets: ReadonlyArray<readonly [name: string, code: string]>): ts.Program => {
  const config = ts.getParsedCommandLineOfConfigFile(
    `${root}tsconfig.json`,
    { skipLibCheck: true },
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) =>
        assert.fail(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"))
    }
  )!
  const files = new Map(snippets.map(([name, code]) => [fileOf(name), code]))
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

describe("the compiler", () => {
  const program = compile([...mistakes.map(([mistake, code]) => [mistake, head + code] as const), ...examples])
  /** That something is not used says nothing of a snippet. */
  const unused = [6133, 6192, 6196, 6198]
  const said = (name: string): ReadonlyArray<string> => {
    const file = program.getSourceFile(fileOf(name))
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
      .filter(({ code }) => !unused.includes(code))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))
  }

  for (const [mistake, , says] of mistakes) {
    it(`names the mistake when ${mistake}`, () => assert.include(said(mistake).join("\n"), says))
  }

  it("has nothing to say of the examples of doc comments", () => {
    assert.isAbove(examples.length, 40)
    const found = examples.map(([name]) => [name, ...said(name)])
    assert.deepStrictEqual(
      found.filter(({ length }) => length > 1),
      []
    )
  })
})
