/** The command as people and scripts meet it: a process of its own, beside an engine in another one. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as path from "node:path"
import { createInterface } from "node:readline"
import { assert, describe, it } from "@effect/vitest"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import { inject } from "vitest"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"

const compiled = inject("compiled")
const bin = path.join(compiled, "src/bin.js")
const approval = path.join(compiled, "examples/approval.js")

const environment = { ...process.env, TIDEMARK_DB: undefined, NO_COLOR: undefined }

const tidemark = (...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [bin, ...args], { encoding: "utf8", env: environment })
  return { code: status, out: stdout, err: stderr }
}

/** An engine in a process of its own, which owns the file and waits for answers to `a.pdf` and `b.pdf`. */
const engine = Effect.gen(function* () {
  const db = path.join(yield* temporaryFolder, "approvals.db")
  for (const id of ["a.pdf", "b.pdf"]) spawnSync(process.execPath, [approval, db, "start", id, "3600"])
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [approval, db, "work"], { stdio: ["ignore", "pipe", "ignore"] })),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const lines = createInterface({ input: worker.stdout })[Symbol.asyncIterator]()
  const mails = new Map<string, string>()
  while (mails.size < 2) {
    const line = yield* Effect.promise(() => lines.next())
    const found = /may (.*) be published\? Answer with (\S+)/.exec(String(line.value))
    if (found !== null) mails.set(found[1]!, found[2]!)
  }
  const answer = (id: string) => spawnSync(process.execPath, [approval, db, "complete", mails.get(id)!, "yes", "ann"])
  return { db, worker, answer }
})

const ended = (child: ChildProcess) =>
  Effect.promise(async () => {
    const [code, signal] = await once(child, "close")
    return (code ?? signal) as number | string
  })

/** The complaint is one or two lines, and no stack. */
const isShort = (text: string) => {
  assert.isAtMost(text.trimEnd().split("\n").length, 2, text)
  assert.notMatch(text, /\n\s+at /)
  assert.match(text, /^tidemark: /)
}

describe("the tidemark command", () => {
  it.scoped("reads beside an engine in another process, and after that was killed", () =>
    Effect.gen(function* () {
      const { answer, db, worker } = yield* engine
      const watched = spawn(process.execPath, [bin, "watch", "b.pdf", "--db", db, "--json"], { env: environment })
      let told = ""
      watched.stdout.on("data", (text) => {
        told += text
      })
      const over = ended(watched)
      answer("b.pdf")
      assert.strictEqual(yield* over, 0)
      assert.include(told.trimEnd().split("\n").pop(), '"Completed"')
      const look = () => {
        const list = tidemark("ls", "--db", db)
        assert.deepInclude(list, { code: 0, err: "" })
        assert.sameMembers(
          list.out
            .trimEnd()
            .split("\n")
            .map((line) => line.split("\t").slice(0, 3).join(" ")),
          ["a.pdf approval Waiting", "b.pdf approval Completed"]
        )
        const one = tidemark("show", "a.pdf", "--db", db, "--json")
        assert.deepInclude(JSON.parse(one.out), { id: "a.pdf", status: "Waiting" })
        assert.deepInclude(one, { code: 0, err: "" })
        for (const [verb, shown] of [
          ["tree", "ask the owner"],
          ["history", "ask the owner waits"]
        ] as const) {
          const { code, err, out } = tidemark(verb, "a.pdf", "--db", db)
          assert.deepStrictEqual([code, err], [0, ""])
          assert.include(out, shown)
        }
      }
      look()
      worker.kill("SIGKILL")
      yield* ended(worker)
      look()
    })
  )

  it.scoped("takes a file that it cannot write for what it is, and an id that begins with a hyphen", () =>
    Effect.gen(function* () {
      const { db, worker } = yield* engine
      worker.kill("SIGTERM")
      yield* ended(worker)
      fs.chmodSync(db, 0o444)
      assert.strictEqual(tidemark("--db", db, "ls", "--limit", "1").code, 0)
      const missing = tidemark("show", "--db", db, "--", "--flag")
      assert.deepInclude(missing, { code: 3, out: "" })
      assert.include(missing.err, "there is no execution --flag")
      for (const id of ["a.pd", "A.PDF"]) assert.include(tidemark("show", id, "--db", db).err, "did you mean a.pdf")
    })
  )

  it.scoped("says in a line what is wrong with a file, leaves it as it is, and makes none", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { db, worker } = yield* engine
      worker.kill("SIGTERM")
      yield* ended(worker)
      const file = (name: string, content: string | Uint8Array) => {
        fs.writeFileSync(path.join(folder, name), content)
        return path.join(folder, name)
      }
      const whole = fs.readFileSync(db)
      const newer = Buffer.from(whole)
      newer.writeUInt32BE(99, 60)
      const foreign = Buffer.from(whole)
      foreign.writeUInt32BE(1, 68)
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        [path.join(folder, "missing.db"), /there is no database/],
        [path.join(folder, "no/folder.db"), /does not exist/],
        [folder, /it is a folder/],
        [file("empty.db", ""), /there is no database/],
        [file("text.db", "hello ".repeat(1_000)), /not a database|no tidemark database/],
        [file("foreign.db", foreign), /another program's database/],
        [file("newer.db", newer), /version 99/],
        [file("torn.db", whole.subarray(0, 5_000)), /damaged|malformed/]
      ]
      const before = fs.readdirSync(folder).sort()
      for (const [index, [name, wrong]] of cases.entries()) {
        const content = fs.existsSync(name) && fs.statSync(name).isFile() ? fs.readFileSync(name) : undefined
        const { code, err, out } = tidemark(...(index % 2 === 0 ? ["ls"] : ["show", "a.pdf"]), "--db", name)
        assert.deepStrictEqual([code, out], [4, ""], `${name}: ${err}`)
        assert.match(err, wrong, name)
        isShort(err)
        if (content !== undefined) assert.deepStrictEqual(fs.readFileSync(name), content)
      }
      const added = fs.readdirSync(folder).filter((name) => !before.includes(name) && !/-(wal|shm)$/.test(name))
      assert.deepStrictEqual(added, [])
    })
  )

  it.scoped("ends a reader's pipe without an error, and its own live list by a signal", () =>
    Effect.gen(function* () {
      const { db } = yield* engine
      const shell = `"${process.execPath}" "${bin}" ls --limit 0 --db "${db}" | head -1; echo "\${PIPESTATUS[0]}"`
      const piped = spawnSync("bash", ["-c", shell], { encoding: "utf8", env: environment })
      assert.strictEqual(piped.stderr, "")
      assert.match(piped.stdout, /^b\.pdf\t.*\n0\n$/)
      for (const [signal, code, args] of [
        ["SIGINT", 130, ["watch", "a.pdf"]],
        ["SIGTERM", 143, ["ls", "--watch"]]
      ] as const) {
        const child = spawn(process.execPath, [bin, ...args, "--db", db], { env: environment })
        yield* Effect.promise(() => once(child.stdout, "data"))
        child.kill(signal)
        assert.strictEqual(yield* ended(child), code)
      }
    })
  )

  it.scoped("looks for trouble beside an engine, after it was killed, and in a journal that was changed", () =>
    Effect.gen(function* () {
      const { db, worker } = yield* engine
      const file = path.join(path.dirname(db), "a.json")
      const saved = tidemark("export", "a.pdf", "--db", db, "--out", file)
      assert.deepStrictEqual(saved, { code: 0, out: "", err: "" })
      assert.strictEqual(fs.readFileSync(file, "utf8"), tidemark("export", "a.pdf", "--db", db).out)
      assert.strictEqual(tidemark("export", "a.pdf", "--db", db, "--out", file).code, 3)
      const live = tidemark("doctor", "--db", db)
      assert.deepInclude(live, { code: 0, err: "" })
      assert.include(live.out, `process ${worker.pid} owns the database since`)
      worker.kill("SIGSTOP")
      assert.include(tidemark("doctor", "--db", db).out, `kill -CONT ${worker.pid}`)
      worker.kill("SIGKILL")
      yield* ended(worker)
      assert.include(tidemark("doctor", "--db", db).out, "no engine runs, and the last one died")
      const sqlite = new Database(db)
      sqlite.prepare("UPDATE journal SET body = replace(body, 'a.pdf', 'x.pdf') WHERE seq = 0").run()
      sqlite.close()
      const hurt = tidemark("doctor", "--db", db)
      assert.strictEqual(hurt.code, 4)
      assert.include(hurt.out, "1 of 2 journals are damaged, and are refused: a.pdf")
      const refused = tidemark("show", "a.pdf", "--db", db)
      assert.strictEqual(refused.code, 4)
      isShort(refused.err)
      assert.strictEqual(tidemark("ls", "--db", db).code, 0)
    })
  )

  it("answers what it does not understand with code 2", () => {
    for (const args of [[], ["shw"], ["show"], ["ls", "--jsn"], ["ls", "--limit", "many"], ["ls", "--status", "odd"]]) {
      const { code, err, out } = tidemark(...args)
      assert.deepStrictEqual([code, out], [2, ""])
      isShort(err)
    }
    assert.include(tidemark("ls", "--jsn").err, "did you mean --json")
  })
})
