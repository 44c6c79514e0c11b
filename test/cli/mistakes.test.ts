/** What people get wrong, and what gets in their way: told in a line or two, with the right code, and nothing half done. */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import * as fs from "node:fs"
import { createRequire } from "node:module"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { command, flat, type Told } from "./support/command.js"

const job = Task.make("job", {
  payload: { to: Schema.String },
  error: Schema.String,
  success: Schema.String,
  *run() {
    yield* Phase.make("one", Effect.void)
    return yield* Phase.make("two", { success: Schema.String, error: Schema.String, run: Effect.fail("no") })
  }
})

/** A file with failed executions, `x` and `y`. */
const desk = Effect.gen(function* () {
  const at = yield* command([job])
  yield* at.engine(Effect.forEach(["x", "y"], (id) => Effect.exit(job.execute({ to: "bob" }, { id }))))
  const journal = (id = "x") => Effect.map(at.tidemark("export", id), ({ out }) => out)
  return { ...at, journal, going: ["--tasks", at.module, "--yes"] }
})

/** A complaint of one or two lines, and no stack. */
const complains = ({ code, err, out }: Told, wanted: number, what: RegExp) => {
  assert.deepStrictEqual([code, out], [wanted, ""], err)
  assert.match(flat(err), what)
  assert.match(err, /^tidemark: /)
  assert.isAtMost(err.trimEnd().split("\n").length, 2, err)
  assert.notMatch(err, /\n\s+at /)
}

/** Until the scope closes this process may do no more than anybody: root may read and write everything. */
const nobody = Effect.acquireRelease(
  Effect.sync(() => (process.getuid?.() === 0 ? process.seteuid?.(65_534) : undefined)),
  () => Effect.sync(() => (process.getuid?.() === 0 ? process.seteuid?.(0) : undefined))
)

const skip = (value: string) => ["skip", "x", "two", "--value", value]

describe("mistakes", () => {
  it.live("in verbs, filters and JSON are told with what was meant, and change nothing", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { folder, going, journal, tidemark } = yield* desk
        const before = yield* journal()
        const broken = path.join(folder, "broken.json")
        fs.writeFileSync(broken, '{ "to": ')
        const cases: ReadonlyArray<readonly [ReadonlyArray<string>, number, RegExp]> = [
          [["rsume", "x"], 2, /did you mean resume/],
          [["resume", "xx", ...going], 3, /did you mean x/],
          [["close", "--where", "statu=failed", "--yes"], 2, /nothing called statu did you mean status/],
          [["close", "--where", "since=yesterday", "--yes"], 2, /yesterday is no time/],
          [["close", "--where", "status", "--yes"], 2, /status=VALUE|did you mean status/],
          [["close", "--where", "status=failed", "--limit", "0", "--yes"], 2, /a number from 1 on/],
          [["close", "x", "--where", "status=failed", "--yes"], 2, /an ID, or --where/],
          [["resume", "x", "--payload", "{ to: 1 }", ...going], 2, /--payload is no JSON/],
          [["resume", "x", "--payload", `@${broken}`, ...going], 2, /--payload is no JSON/],
          [["resume", "x", "--payload", "@nowhere.json", ...going], 2, /nowhere\.json cannot be read/],
          [["resume", "x", "--payload", '{ "to": [7] }', ...going], 3, /at \$\.to/],
          [["resume", "x", "--value", "two", ...going], 2, /two is no name with a value/],
          [["resume", "x", "--value", "two=by hand", ...going], 2, /'name="text"'/],
          [["rerun", "x", "--input", "two", ...going], 2, /no name with a value/],
          [[...skip("by hand"), ...going], 2, /--value is no JSON.*'"text"'/],
          [[...skip('{ "a": 1 }'), ...going], 3, /two does not fit at \$.*"type":"string"/],
          [["resume", "x", "--yes", "--tasks", "nowhere.js"], 2, /no file nowhere\.js/]
        ]
        for (const [args, code, what] of cases) complains(yield* tidemark(...args, "--json"), code, what)
        assert.strictEqual(yield* journal(), before)
      })
    )
  )
})

describe("a plan that is out of date when it is confirmed", () => {
  it.live("is refused, the new one is shown, and nothing is done", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { answering, going, journal, module, tidemark } = yield* desk
        let between = ""
        const moves = Effect.gen(function* () {
          yield* tidemark("resume", "x", ...going)
          between = yield* journal()
          return "y"
        })
        const { code, err, out } = yield* answering(moves, "resume", "x", "--tasks", module)
        assert.strictEqual(code, 3)
        assert.match(flat(err), /has moved since this resume was planned.*confirm that/)
        const plans = out.split("resume x").slice(1)
        assert.lengthOf(plans, 2)
        assert.include(plans[0], "attempt 2")
        assert.include(plans[1], "attempt 3")
        assert.strictEqual(yield* journal(), between)
        for (const answer of ["n", "", "yess"]) {
          const declined = yield* answering(Effect.succeed(answer), "resume", "x", "--tasks", module)
          assert.strictEqual(declined.code, 3)
          assert.include(declined.err, "nothing was done")
        }
        assert.strictEqual(yield* journal(), between)
      })
    )
  )
})

describe("two operators at once", () => {
  const outcome = (told: ReadonlyArray<Told>, out: string) => {
    const [winner, other] = [...told].sort((a, b) => a.code - b.code)
    assert.deepStrictEqual([winner?.code, other?.code], [0, 3], told.map(({ err }) => err).join())
    assert.match(other!.err, /^tidemark: .*\n {2}\S/s)
    const given = [...out.matchAll(/by (?:ann|ben)/g)].map(([text]) => text)
    assert.lengthOf(new Set(given), 1, "one of them")
  }

  it.live("of whom nobody has an engine: one wins, and the other is told", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { going, journal, tidemark } = yield* desk
        const both = ["by ann", "by ben"].map((text) => tidemark(...skip(JSON.stringify(text)), ...going))
        outcome(yield* Effect.timeout(Effect.all(both, { concurrency: 2 }), "20 seconds"), yield* journal())
      })
    )
  )

  it.live("who ask the same engine: one wins, and the other is told", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { journal, module, said, tidemark } = yield* desk
        yield* said("worker", "--tasks", module)
        const both = ["by ann", "by ben"].map((text) => tidemark(...skip(JSON.stringify(text)), "--yes"))
        outcome(yield* Effect.timeout(Effect.all(both, { concurrency: 2 }), "20 seconds"), yield* journal())
      })
    )
  )
})

describe("a file that is not as it should be", () => {
  const hash = (file: string): string => createHash("sha256").update(fs.readFileSync(file)).digest("hex")

  it.live("is named by what would change it, as by what reads it, and left as it is", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { db, folder, module, tidemark } = yield* desk
        const whole = fs.readFileSync(db)
        const file = (name: string, content: string | Uint8Array) => {
          fs.writeFileSync(path.join(folder, name), content)
          return path.join(folder, name)
        }
        const foreign = Buffer.from(whole)
        foreign.writeUInt32BE(1, 68)
        const newer = Buffer.from(whole)
        newer.writeUInt32BE(99, 60)
        const cases: ReadonlyArray<readonly [string, RegExp]> = [
          [file("text.db", "hello ".repeat(1_000)), /not a database|no tidemark database/],
          [file("foreign.db", foreign), /another program's database/],
          [file("newer.db", newer), /version 99/],
          [file("torn.db", whole.subarray(0, 5_000)), /damaged|malformed/],
          [folder, /it is a folder/]
        ]
        for (const [name, what] of cases) {
          const before = fs.statSync(name).isFile() ? hash(name) : ""
          for (const args of [
            ["close", "x", "--yes"],
            ["close", "--where", "task=job", "--yes"],
            ["complete", "token", "--yes"],
            ["signal", "x", "go", "--yes"],
            ["start", "job", "--tasks", module, "--payload", '{ "to": "bob" }'],
            ["check", "--tasks", module],
            ["context", "x"],
            ["ls"]
          ]) {
            complains(yield* tidemark(...args, "--db", name), 4, what)
          }
          if (before !== "") assert.strictEqual(hash(name), before, name)
        }
      })
    )
  )

  it.live("is locked: nobody waits for it", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { db, tidemark } = yield* desk
        const driver = createRequire(import.meta.url).resolve("better-sqlite3")
        const program = `const db = new (require(process.argv[1]))(process.argv[2])
          db.pragma("locking_mode = EXCLUSIVE"); db.exec("BEGIN EXCLUSIVE"); console.log("held"); setInterval(() => {}, 1000)`
        const holder = yield* Effect.acquireRelease(
          Effect.sync(() =>
            spawn(process.execPath, ["-e", program, driver, db], { stdio: ["ignore", "pipe", "inherit"] })
          ),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        yield* Effect.promise(() => once(holder.stdout, "data"))
        for (const args of [["ls"], ["show", "x"], ["close", "x", "--yes"], ["doctor"]]) {
          complains(yield* tidemark(...args), 4, /another process holds the database's lock/)
        }
      })
    )
  )

  it.live("may not be read or written: that is said, and no file is made", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { db, folder, module, tidemark } = yield* desk
        const starting = ["start", "job", "--tasks", module, "--payload", '{ "to": "bob" }']
        // What they load is loaded by those who may read it.
        for (const args of [["ls"], ["close", "y", "--yes"], ["doctor"], starting]) yield* tidemark(...args)
        const before = fs.readdirSync(folder)
        fs.chmodSync(folder, 0o555)
        fs.chmodSync(db, 0o444)
        const unwritten = Effect.gen(function* () {
          yield* nobody
          assert.strictEqual((yield* tidemark("show", "x")).code, 0)
          for (const args of [["close", "x", "--yes"], starting, [...starting, "--db", path.join(folder, "new.db")]]) {
            complains(yield* tidemark(...args), 4, /check the permissions/)
          }
        })
        yield* Effect.scoped(unwritten)
        fs.chmodSync(db, 0)
        const unread = Effect.gen(function* () {
          yield* nobody
          for (const args of [["ls"], ["show", "x"], ["close", "x", "--yes"], ["doctor"], starting]) {
            complains(yield* tidemark(...args), 4, /check the permissions/)
          }
        })
        yield* Effect.scoped(unread)
        assert.deepStrictEqual(fs.readdirSync(folder), before)
      })
    )
  )
})
