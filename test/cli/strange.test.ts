/** The command through real processes, where things are not as they should be: hostile ids, packages that are missing, a reader that leaves. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inject } from "vitest"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { write } from "../store/support/Journals.js"
import { temporaryFile, temporaryFolder } from "../store/support/TemporaryFolder.js"

const compiled = inject("compiled")
const bin = path.join(compiled, "src/bin.js")

const run = (file: string, ...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, [file, ...args], { encoding: "utf8", maxBuffer: 2 ** 28 })

const hostile = [
  "--flag",
  "-h",
  "\u001b[2J\u001b[31mred",
  "\u202eright to left\u2066",
  "line\nbreak\ttab",
  "'; DROP TABLE journal; --",
  "$(reboot) `reboot` \\",
  "__proto__",
  "日本語 👩‍👩‍👧 שלום",
  "x".repeat(255)
]

const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/u

describe("the tidemark command", () => {
  it.scoped(
    "finds and closes executions by hostile ids, for hostile reasons, and prints no character that a terminal obeys",
    () =>
      Effect.gen(function* () {
        const db = yield* temporaryFile
        const made = SqliteStore.make({ filename: db })
        yield* Effect.scoped(
          Effect.flatMap(made, (encoded) => Effect.forEach(hostile, (id) => write(fromEncoded(encoded), id, 1)))
        )
        const list = run(bin, "ls", "--db", db)
        assert.deepStrictEqual([list.status, list.stderr], [0, ""])
        assert.strictEqual(list.stdout.trimEnd().split("\n").length, hostile.length)
        assert.notMatch(list.stdout.replaceAll(/[\n\t]/g, ""), unseen)
        const json = run(bin, "ls", "--json", "--db", db).stdout.trimEnd().split("\n")
        assert.sameMembers(
          json.map((line) => JSON.parse(line).id),
          hostile
        )
        for (const id of hostile) {
          const args = ["--yes", "--by", id, `--reason=${id}`, "--db", db, "--", id]
          const { status, stderr, stdout } = run(bin, "close", ...(id === "__proto__" ? [] : ["--json"]), ...args)
          assert.deepStrictEqual([status, stderr], [0, ""], id)
          assert.notMatch(stdout.replaceAll("\n", ""), unseen)
          if (id !== "__proto__") assert.deepInclude(JSON.parse(stdout), { id, status: "Closed" })
        }
        const acts = yield* Effect.scoped(
          Effect.flatMap(made, (encoded) => Effect.forEach(hostile, (id) => fromEncoded(encoded).tail(id, 1)))
        )
        assert.deepStrictEqual(
          acts.map(([last]) => last?.entry),
          hostile.map((id) => ({ _tag: "Closed" as const, act: { by: id, reason: id } }))
        )
      })
  )

  it.scoped("says of an execution that was purged that it is discarded, and finds nothing wrong with that", () =>
    Effect.gen(function* () {
      const db = yield* temporaryFile
      yield* Effect.scoped(
        Effect.gen(function* () {
          const encoded = yield* SqliteStore.make({ filename: db })
          yield* encoded.own
          const store = fromEncoded(encoded)
          const head = yield* write(store, "x", 2)
          yield* store.append(head, 3, [{ _tag: "Completed", value: null }], "Completed")
          yield* write(store, "newest", 1)
          yield* encoded.purge({ task: "t", before: 10, limit: 100, at: 0 })
        })
      )
      for (const verb of ["show", "tree", "history", "watch", "export"]) {
        const { status, stderr, stdout } = run(bin, verb, "x", "--db", db)
        assert.deepStrictEqual([status, stdout], [3, ""], verb)
        assert.include(stderr.replaceAll(/\s+/g, " "), "execution x is discarded", verb)
      }
      const doctor = run(bin, "doctor", "--db", db)
      assert.strictEqual(doctor.status, 0, doctor.stdout)
      assert.notInclude(run(bin, "ls", "--db", db).stdout, "x ")
    })
  )

  it.scoped("stops without an error when its reader has gone, however much there is to say", () =>
    Effect.gen(function* () {
      const db = yield* temporaryFile
      const made = SqliteStore.make({ filename: db })
      const filled = Effect.flatMap(made, (encoded) =>
        Effect.forEach(Array.from({ length: 4_000 }), (_, n) => write(fromEncoded(encoded), `execution-${n}`, 1), {
          concurrency: 500
        })
      )
      yield* Effect.scoped(filled)
      const shell = `"${process.execPath}" "${bin}" ls --json --limit 0 --db "${db}" | head -1; echo "\${PIPESTATUS[0]}"`
      const { stderr, stdout } = spawnSync("bash", ["-c", shell], { encoding: "utf8" })
      assert.strictEqual(stderr, "")
      assert.match(stdout, /^\{.*\}\n0\n$/)
    })
  )

  it.scoped("says in one line which package is missing, with code 2", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      fs.cpSync(path.join(compiled, "src"), path.join(folder, "src"), { recursive: true })
      fs.writeFileSync(path.join(folder, "package.json"), '{"type":"module"}')
      const modules = path.join(compiled, "../../..")
      const link = (name: string) => fs.symlinkSync(path.join(modules, name), path.join(folder, "node_modules", name))
      fs.mkdirSync(path.join(folder, "node_modules/@effect"), { recursive: true })
      const without = run(path.join(folder, "src/bin.js"), "ls")
      assert.deepStrictEqual([without.status, without.stdout], [2, ""])
      assert.strictEqual(
        without.stderr,
        "tidemark: the package @effect/sql-sqlite-node is not installed, and the command needs it: npm install effect @effect/sql-sqlite-node\n"
      )
      const begun = run(path.join(folder, "src/bin.js"), "init", path.join(folder, "party"))
      assert.deepStrictEqual([begun.status, begun.stderr], [0, ""])
      assert.isTrue(fs.existsSync(path.join(folder, "party/tasks.js")))
      const full = run(path.join(folder, "src/bin.js"), "init", folder)
      assert.strictEqual(full.status, 3)
      assert.include(full.stderr, "is not empty")
      const help = run(path.join(folder, "src/bin.js"), "--help")
      assert.deepStrictEqual([help.status, help.stderr], [0, ""])
      link("effect")
      const tasks = run(path.join(folder, "src/bin.js"), "start", "greet", "--tasks", "party/tasks.js")
      assert.deepStrictEqual([tasks.status, tasks.stdout], [2, ""])
      assert.match(tasks.stderr, /^tidemark: the package @effect\/\S+ is not installed/)
    })
  )
})
