/** What holds for every verb there is: a verb that is new fails here until it has its rows. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as Effect from "effect/Effect"
import * as JSONSchema from "effect/JSONSchema"
import * as Schema from "effect/Schema"
import { Checked } from "../../src/authoring/Checked.js"
import { Acted } from "../../src/cli/Acted.js"
import * as Branching from "../../src/cli/Branching.js"
import { Finding } from "../../src/cli/Findings.js"
import * as Help from "../../src/cli/Help.js"
import { Happened } from "../../src/cli/History.js"
import { Listed } from "../../src/cli/Listing.js"
import { Shown } from "../../src/cli/Shown.js"
import { Working } from "../../src/cli/Start.js"
import { Made } from "../../src/cli/Starter.js"
import * as Verbs from "../../src/cli/Verbs.js"
import { Context } from "../../src/core/Context.js"
import { Plan } from "../../src/core/Plan.js"
import { Phase, Task } from "../../src/index.js"
import { Exported } from "../../src/store/Exported.js"
import { type Command, command, flat } from "./support/command.js"

const tokens: Array<string> = []

const job = Task.make("job", {
  checkpoints: ["begun"],
  payload: { n: Schema.Number },
  error: Schema.String,
  *run({ n }) {
    yield* Phase.checkpoint("begun")
    yield* Phase.make("one", { run: Effect.succeed(n), undo: () => Effect.void })
    if (n === 0) {
      yield* Phase.delegate("ask", { notify: (token) => Effect.sync(() => void tokens.push(token)) })
      yield* Phase.signal("go", Schema.Number)
    }
    const item = (n: number) =>
      Phase.make("item", {
        success: Schema.String,
        error: Schema.String,
        run: n === 2 ? Effect.fail("no") : Effect.succeed("done")
      })
    yield* Phase.forEach("items", [1, 2], item, { mode: "settle" })
  }
})

const waits = ["w1", "w2"]
const fails = ["x", "resume", "rerun", "skip", "close", "revert", "goto", "discard"]

/** A file with executions that have failed, and some that wait. */
const desk = Effect.gen(function* () {
  const at = yield* command([job])
  yield* at.engine(
    Effect.gen(function* () {
      for (const id of fails) yield* Effect.exit(job.execute({ n: 1 }, { id, tags: ["t"] }))
      for (const id of waits) yield* job.start({ n: 0 }, { id })
      while (tokens.length < waits.length) yield* Effect.sleep("5 millis")
    })
  )
  return at
})

interface Row {
  readonly schema: Schema.Schema.AnyNoContext
  readonly args: ReadonlyArray<string>
  readonly code?: number
}

const plans = (...args: ReadonlyArray<string>): Row => ({ schema: Plan, args: [...args, "--dry-run"] })
const acts = (code: number, ...args: ReadonlyArray<string>): Row => ({ schema: Acted, args, code })

/** What each verb is asked, and the schema of each line that it answers. */
const answers = ({ folder, module }: Command): Record<string, ReadonlyArray<Row>> => {
  const tasks = ["--tasks", module]
  const going = [...tasks, "--yes"]
  const file = path.join(folder, "x.json")
  const [first = "", second = ""] = tokens
  return {
    ls: [{ schema: Listed, args: ["ls"] }],
    show: [{ schema: Shown, args: ["show", "x"] }],
    tree: [{ schema: Branching.Tree, args: ["tree", "x"] }],
    history: [
      { schema: Happened, args: ["history", "x"] },
      { schema: Happened, args: ["history", "--tag", "t"] }
    ],
    context: [
      { schema: Context, args: ["context", "x"] },
      { schema: Context, args: ["context", "x", "items/1", ...tasks] }
    ],
    watch: [{ schema: Happened, args: ["watch", "x"], code: 1 }],
    init: [{ schema: Made, args: ["init", path.join(folder, "new")] }],
    start: [
      acts(0, "start", "job", ...tasks, "--payload", '{ "n": 1 }', "--id", "s"),
      { schema: Happened, args: ["start", "job", ...tasks, "--payload", '{ "n": 1 }', "--follow"], code: 1 }
    ],
    worker: [{ schema: Working, args: ["worker", ...tasks] }],
    plan: [{ schema: Plan, args: ["plan", "resume", "x", ...tasks] }],
    resume: [
      plans("resume", "resume", ...tasks),
      acts(1, "resume", "resume", ...going),
      acts(0, "resume", "--where", "status=failed", "--limit", "1", ...going),
      { schema: Happened, args: ["resume", "resume", "--follow", ...going], code: 1 }
    ],
    rerun: [plans("rerun", "rerun", ...tasks), acts(1, "rerun", "rerun", ...going)],
    skip: [
      plans("skip", "skip", "items/1", "--value", '"by hand"', ...tasks),
      acts(0, "skip", "skip", "items/1", "--value", '"by hand"', ...going)
    ],
    pause: [plans("pause", "w2"), acts(0, "pause", "w2", "--yes")],
    close: [plans("close", "close", ...tasks), acts(0, "close", "close", ...going)],
    revert: [plans("revert", "revert", ...tasks), acts(0, "revert", "revert", ...going)],
    goto: [plans("goto", "goto", "begun", ...tasks), acts(0, "goto", "goto", "begun", ...going)],
    discard: [plans("discard", "discard", "begun", ...tasks), acts(0, "discard", "discard", "begun", ...going)],
    complete: [
      acts(0, "complete", first, "--dry-run"),
      acts(0, "complete", first, ...going),
      acts(0, "complete", second, "--yes")
    ],
    signal: [
      acts(0, "signal", "w1", "go", "--value", "1", "--dry-run"),
      acts(1, "signal", "w1", "go", "--value", "1", ...going)
    ],
    check: [{ schema: Checked, args: ["check", ...tasks] }],
    doctor: [{ schema: Finding, args: ["doctor"] }],
    export: [{ schema: Exported, args: ["export", "x"] }],
    import: [acts(0, "import", file, "--db", path.join(folder, "other.db"))]
  }
}

/** How each verb is asked for what it refuses, and what it says to do; none where it refuses nothing. */
const refusals = ({
  folder,
  module
}: Command): Record<string, ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]>> => {
  const going = ["--tasks", module, "--yes"]
  const file = path.join(folder, "x.json")
  const near = /did you mean x/
  return {
    ls: [[["ls", "--after", "xx"], near]],
    show: [[["show", "xx"], near]],
    tree: [[["tree", "xx"], near]],
    history: [[["history", "xx"], near]],
    context: [
      [["context", "xx"], near],
      [["context", "x", "on"], /tidemark show x/]
    ],
    watch: [[["watch", "xx"], near]],
    init: [[["init", folder], /tidemark init FOLDER/]],
    start: [
      [["start", "jb", "--tasks", module], /did you mean job/],
      [["start", "job", "--tasks", module, "--payload", '{ "n": "1" }'], /--payload JSON/],
      [["start", "job", "--tasks", module, "--payload", '{ "n": 2 }', "--id", "x"], /--id/],
      [["start", "job", "--tasks", module, "--payload", '{ "n": 2 }', "--id", ""], /give another/]
    ],
    worker: [],
    plan: [[["plan", "resume", "xx"], near]],
    resume: [
      [["resume", "xx", ...going], near],
      [["resume", "x", "--yes"], /--tasks MODULE/],
      [["resume", "x", "--from", "one", ...going], /tidemark revert --to begun x/],
      [["resume", "x", "--payload", '{ "n": "1" }', ...going], /--payload JSON/],
      [["resume", "x", "--payload", '{ "n": 7 }', ...going], /--undo-too/]
    ],
    rerun: [
      [["rerun", "xx", ...going], near],
      [["rerun", "x", "--item", "9", ...going], /tidemark show x/]
    ],
    skip: [
      [["skip", "xx", "one", ...going], near],
      [["skip", "x", "one", ...going], /tidemark goto x begun/],
      [["skip", "x", "items/1", "--value", "7", ...going], /--value JSON/]
    ],
    pause: [
      [["pause", "xx", "--yes"], near],
      [["pause", "x", "--yes"], /tidemark show x/]
    ],
    close: [[["close", "xx", ...going], near]],
    revert: [
      [["revert", "xx", ...going], near],
      [["revert", "x", "--to", "nowhere", ...going], /tidemark show x/]
    ],
    goto: [
      [["goto", "xx", "begun", ...going], near],
      [["goto", "x", "begn", ...going], /tidemark show x/]
    ],
    discard: [
      [["discard", "xx", "begun", "--yes"], near],
      [["discard", "x", "nowhere", "--yes"], /tidemark show x/]
    ],
    complete: [[["complete", "no-token", "--yes"], /--db/]],
    signal: [[["signal", "xx", "go", "--yes"], near]],
    check: [],
    doctor: [],
    export: [
      [["export", "xx"], near],
      [["export", "x", "--out", file], /another name/]
    ],
    import: [[["import", file], /tidemark show x/]]
  }
}

const names = Verbs.all.map((verb) => Help.told(verb).name)

const ajv = new Ajv({ strict: false })

/** What is wrong with a value: it does not fit, or has what the schema does not tell of. */
const compiled = (schema: Schema.Schema.AnyNoContext) => {
  const fits = ajv.compile(JSONSchema.make(schema))
  const decode = Schema.decodeUnknownEither(schema, { onExcessProperty: "error" })
  return (value: unknown): string | undefined => {
    const decoded = decode(value)
    if (decoded._tag === "Left") return String(decoded.left)
    return fits(value) ? undefined : JSON.stringify(fits.errors)
  }
}

describe("every verb", () => {
  it.live("answers --json with lines that fit its schema, and leave nothing out of it", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const at = yield* desk
        const asked = answers(at)
        const checks = new Map<Row["schema"], ReturnType<typeof compiled>>()
        assert.sameMembers(Object.keys(asked), names)
        fs.writeFileSync(path.join(at.folder, "x.json"), (yield* at.tidemark("export", "x")).out)
        for (const name of names) {
          for (const { args, code = 0, schema } of asked[name]!) {
            const told =
              name === "worker"
                ? { code, ...(yield* Effect.scoped(at.said(...args, "--json"))) }
                : yield* at.tidemark(...args, "--json")
            assert.deepStrictEqual([told.err, told.code], ["", code], `${args.join(" ")}: ${told.out}`)
            const check = checks.get(schema) ?? compiled(schema)
            checks.set(schema, check)
            const lines = told.out.split("\n").slice(0, -1)
            assert.isAbove(lines.length, 0, name)
            for (const line of lines) {
              assert.strictEqual(check(JSON.parse(line)), undefined, `${name}: ${line}`)
            }
          }
        }
      })
    )
  )

  it.live("refuses with code 3, nothing on stdout, and a word of what to do; and nothing is done", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const at = yield* desk
        const asked = refusals(at)
        assert.sameMembers(Object.keys(asked), names)
        const look = Effect.map(at.tidemark("export", "x"), ({ out }) => out)
        const before = yield* look
        fs.writeFileSync(path.join(at.folder, "x.json"), before)
        for (const name of names) {
          for (const [args, next] of asked[name]!) {
            const { code, err, out } = yield* at.tidemark(...args, ...(name === "import" ? [] : ["--json"]))
            assert.deepStrictEqual([code, out], [3, ""], `${args.join(" ")}: ${err}`)
            const [what = "", ...more] = err.split("\n")
            assert.match(what, /^tidemark: \S/)
            assert.match(flat(more.join("\n")), next, args.join(" "))
            assert.notMatch(err, /\n\s+at /)
          }
        }
        assert.strictEqual(yield* look, before)
      })
    )
  )
})
