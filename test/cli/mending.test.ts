/** Mistral's cases of resuming, rerunning and going on with a value, asked of the command in its own words. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { type Command, command, flat } from "./support/command.js"

/** What is broken, and what ran. */
const bench = () => {
  const broken = new Set<string>()
  const ran: Array<string> = []
  const part = (name: string, told = name) =>
    Phase.make(name, {
      success: Schema.String,
      error: Schema.String,
      run: Effect.suspend(() => {
        if (broken.has(name)) return Effect.fail(`no ${name}`)
        ran.push(told)
        return Effect.succeed(told)
      }),
      undo: () => Effect.sync(() => void ran.push(`undo ${told}`))
    })
  return { broken, ran, part }
}

const made = (...broken: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const at = bench()
    for (const name of broken) at.broken.add(name)
    const letter = Task.make("letter", {
      payload: { to: Schema.String },
      error: Schema.String,
      success: Schema.String,
      *run({ to }) {
        yield* Phase.checkpoint("begun")
        yield* at.part("write", `write ${to}`)
        yield* Phase.signal("post", Schema.Boolean)
        const stamp = yield* at.part("stamp")
        return yield* at.part("send", `send ${to} ${stamp}`)
      }
    })
    const parts = Task.make("parts", {
      error: Schema.String,
      *run() {
        yield* Phase.all([at.part("a"), at.part("b"), at.part("c")], { mode: "settle" })
        yield* at.part("last")
      }
    })
    const files = Task.make("files", {
      payload: { names: Schema.Array(Schema.String) },
      error: Schema.String,
      *run({ names }) {
        yield* Phase.forEach("files", names, (name) => at.part("copy", name.trim() === "bad" ? "copy" : name), {
          key: (_, index) => `item-${index}`,
          mode: "settle"
        })
      }
    })
    const desk = yield* command([letter, parts, files])
    return { ...at, ...desk, going: [...yes, "--tasks", desk.module] }
  })

const yes = ["--yes", "--by", "ann", "--reason", "as told"]

/** Starts an execution that comes to its failure. */
const fails = ({ module, tidemark }: Command, task: string, payload = {}) =>
  Effect.gen(function* () {
    const json = JSON.stringify(payload)
    const { code } = yield* tidemark("start", task, "--tasks", module, "--id", "x", "--payload", json, "--follow")
    assert.strictEqual(code, 1)
  })

const status = ({ tidemark }: Command) =>
  Effect.map(tidemark("show", "x", "--json"), ({ out }) => JSON.parse(out) as Record<string, any>)

const entries = ({ tidemark }: Command) =>
  Effect.map(tidemark("history", "x", "--json"), ({ out }) =>
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).entry as Record<string, any>)
  )

describe("an operator with the command", () => {
  it.live("pauses by hand, and resumes where it was", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const at = yield* made()
        const { going, module, ran, tidemark } = at
        const payload = '{ "to": "bob" }'
        yield* tidemark("start", "letter", "--tasks", module, "--id", "x", "--payload", payload)
        yield* tidemark("pause", "x", ...yes)
        assert.strictEqual((yield* status(at)).status, "Paused")
        const resumed = yield* tidemark("resume", "x", "--stop-at", "begun", ...going)
        assert.strictEqual(resumed.code, 0, resumed.err)
        assert.deepStrictEqual(ran, [])
        yield* tidemark("resume", "x", ...going)
        assert.deepInclude(yield* status(at), { status: "Waiting", position: "post" })
        yield* tidemark("pause", "x", ...yes)
        // What is sent meanwhile is kept, and moves nothing.
        yield* tidemark("signal", "x", "post", "--value", "true", ...going)
        assert.deepInclude(yield* status(at), { status: "Paused" })
        const on = yield* tidemark("resume", "x", ...going, "--json")
        assert.deepInclude(JSON.parse(on.out), { verb: "resume", outcome: "done", status: "Completed" })
        assert.deepStrictEqual(ran, ["write bob", "stamp", "send bob stamp"])
        const story = yield* tidemark("history", "x")
        assert.include(story.out, "a pause is asked for by ann: as told")
      })
    )
  )

  it.live("takes what is sent to one that has failed, and says that this is done", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const at = yield* made("write")
        yield* fails(at, "letter", { to: "bob" })
        const sent = yield* at.tidemark("signal", "x", "post", "--value", "true", "--yes", "--json")
        assert.deepStrictEqual([sent.code, sent.err], [0, ""])
        assert.deepInclude(JSON.parse(sent.out), { verb: "signal", outcome: "done", status: "Failed" })
      })
    )
  )

  it.live("has a failed phase run again with another payload, and its first attempts stay to be seen", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const at = yield* made("write")
        const { broken, going, ran, tidemark } = at
        yield* fails(at, "letter", { to: "bob" })
        const wrong = yield* tidemark("resume", "x", ...going, "--payload", '{ "to": 7 }')
        assert.strictEqual(wrong.code, 3)
        assert.match(flat(wrong.err), /payload does not fit .*at \$\.to.*--payload JSON/)
        broken.clear()
        const done = yield* tidemark("resume", "x", ...going, "--payload", '{ "to": "eve" }')
        assert.strictEqual(done.code, 0, done.err)
        assert.deepStrictEqual(ran, ["write eve"])
        const shown = yield* status(at)
        assert.deepInclude(shown, { status: "Waiting", payload: { to: "eve" } })
        const told = yield* entries(at)
        assert.deepInclude(told[0], { _tag: "Created", payload: { to: "bob" } })
        assert.deepInclude(
          told.find(({ _tag }) => _tag === "PhaseFailed"),
          { path: "write", attempt: 1, failures: [{ _tag: "Fail", path: "write", error: "no write" }] }
        )
        assert.deepInclude(
          told.find(({ _tag }) => _tag === "Resumed"),
          { payload: { to: "eve" } }
        )
        const story = flat((yield* tidemark("history", "x")).out)
        assert.match(story, /write failed for good: .*no write.*resumed by ann: as told, with the payload .*eve/)
        assert.match(story, /write starts again: attempt 2.*write succeeded/)
      })
    )
  )

  it.live("is asked for consent where undos would see the new payload", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const at = yield* made("stamp")
        const { broken, going, ran, tidemark } = at
        const payload = '{ "to": "bob" }'
        yield* tidemark("start", "letter", "--tasks", at.module, "--id", "x", "--payload", payload)
        yield* tidemark("signal", "x", "post", "--value", "true", ...going)
        assert.strictEqual((yield* status(at)).status, "Failed")
        broken.clear()
        const asked = yield* tidemark("resume", "x", ...going, "--payload", '{ "to": "eve" }')
        assert.strictEqual(asked.code, 3)
        assert.match(flat(asked.err), /write.*--undo-too/)
        assert.deepStrictEqual(ran, ["write bob"])
        const done = yield* tidemark("resume", "x", ...going, "--payload", '{ "to": "eve" }', "--undo-too")
        assert.strictEqual(done.code, 0, done.err)
        yield* tidemark("revert", "x", ...going)
        assert.deepStrictEqual(ran.slice(-3), ["undo send eve stamp", "undo stamp", "undo write eve"])
      })
    )
  )

  it.live("goes on behind a failed phase with the value that is missing, once it fits", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const at = yield* made("stamp")
        const { going, ran, tidemark } = at
        const payload = '{ "to": "bob" }'
        yield* tidemark("start", "letter", "--tasks", at.module, "--id", "x", "--payload", payload)
        yield* tidemark("signal", "x", "post", "--value", "true", ...going)
        for (const given of [[], ["--value", "7"]]) {
          const planned = yield* tidemark("skip", "x", "stamp", "--tasks", at.module, "--dry-run", "--json", ...given)
          const [missing] = JSON.parse(planned.out).missing
          assert.deepInclude(missing, { needs: "value", path: "stamp", schema: { type: "string" } })
          const refused = yield* tidemark("skip", "x", "stamp", ...going, ...given)
          assert.strictEqual(refused.code, 3)
          assert.match(flat(refused.err), /stamp .*--value/)
        }
        assert.deepStrictEqual(ran, ["write bob"])
        const done = yield* tidemark("skip", "x", "stamp", ...going, "--value", '"by hand"')
        assert.strictEqual(done.code, 0, done.err)
        assert.strictEqual(ran.at(-1), "send bob by hand")
        assert.strictEqual((yield* status(at)).result, "send bob by hand")
      })
    )
  )

  it.live("resumes, skips or leaves each of several branches that failed, and is told which remain", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const at = yield* made("a", "b", "c")
        const { broken, going, ran, tidemark } = at
        yield* fails(at, "parts")
        assert.strictEqual((yield* status(at)).failures.length, 3)
        const lacking = ["--value", "all/a=1", "--value", "all/b=2", "--from", "all/c"]
        const planned = yield* tidemark("resume", "x", "--tasks", at.module, "--dry-run", "--json", ...lacking)
        assert.deepStrictEqual(
          (JSON.parse(planned.out).missing as ReadonlyArray<Record<string, any>>).map(({ needs, path, schema }) => [
            needs,
            path,
            schema.type
          ]),
          [
            ["value", "all/a", "string"],
            ["value", "all/b", "string"]
          ]
        )
        const refused = yield* tidemark("resume", "x", ...going, ...lacking)
        assert.strictEqual(refused.code, 3)
        assert.match(flat(refused.err), /all\/a.*all\/b/)
        broken.delete("c")
        const some = ["--value", 'all/a="by hand"', "--from", "all/c"]
        const page = yield* tidemark("resume", "x", "--tasks", at.module, "--dry-run", ...some)
        assert.match(flat(page.out), /skip all\/a.* run all\/c.*failed, and left as they are: all\/b/)
        const first = yield* tidemark("resume", "x", ...going, ...some)
        assert.strictEqual(first.code, 1, "b is left as it failed")
        assert.deepStrictEqual(ran, ["c"])
        const left = yield* status(at)
        assert.deepStrictEqual(
          [left.status, left.failures.map(({ path }: { path: string }) => path)],
          ["Failed", ["all/b"]]
        )
        broken.clear()
        yield* tidemark("resume", "x", ...going)
        assert.deepStrictEqual(ran, ["c", "b", "last"])
      })
    )
  )

  it.live("runs items of a forEach again, one of them with another input", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const at = yield* made("copy")
        const { broken, going, ran, tidemark } = at
        yield* fails(at, "files", { names: ["one", "bad"] })
        broken.clear()
        const near = yield* tidemark("rerun", "x", ...going, "--item", "item-9")
        assert.strictEqual(near.code, 3)
        assert.include(flat(near.err), "did you mean")
        const done = yield* tidemark("rerun", "x", ...going, "--item", "item-0", "--input", 'item-1="good"')
        assert.strictEqual(done.code, 0, done.err)
        assert.sameMembers(ran, ["one", "good"])
        assert.include(flat((yield* tidemark("history", "x")).out), 'files/item-1 with "good"')
      })
    )
  )

  it.live("is pointed to goto and revert where a phase that has happened is to run again", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const at = yield* made("stamp")
        const { broken, going, ran, tidemark } = at
        const payload = '{ "to": "bob" }'
        yield* tidemark("start", "letter", "--tasks", at.module, "--id", "x", "--payload", payload)
        yield* tidemark("signal", "x", "post", "--value", "true", ...going)
        const before = (yield* entries(at)).length
        const refused = yield* tidemark("resume", "x", ...going, "--from", "write")
        assert.deepInclude(refused, { code: 3 })
        assert.match(flat(refused.err), /tidemark revert --to begun x.*tidemark goto x begun/)
        const skipped = yield* tidemark("skip", "x", "write", ...going, "--value", '"w"')
        assert.strictEqual(skipped.code, 3)
        assert.match(flat(skipped.err), /its value is recorded.*tidemark revert --to begun x/)
        assert.lengthOf(yield* entries(at), before)
        broken.clear()
        const back = yield* tidemark("goto", "x", "begun", ...going)
        assert.strictEqual(back.code, 0, back.err)
        assert.deepInclude(yield* status(at), { status: "Paused", position: "begun" })
        assert.deepStrictEqual(ran, ["write bob", "undo write bob"])
        yield* tidemark("resume", "x", ...going)
        assert.strictEqual(ran.at(-1), "write bob")
        // What was undone, and the attempt that failed, are still told.
        const story = flat((yield* tidemark("history", "x")).out)
        assert.match(story, /stamp failed for good.*back at begun.*write starts/)
      })
    )
  )
})
