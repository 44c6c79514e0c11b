import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { StoreError } from "../../src/core/Errors.js"
import * as migrations from "../../src/store/migrations.js"
import * as SqliteConnection from "../../src/store/SqliteConnection.js"
import * as SqliteFile from "../../src/store/SqliteFile.js"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import * as SqlStore from "../../src/store/SqlStore.js"
import { fromEncoded, TaskStore } from "../../src/store/Store.js"
import { sha256 } from "./support/Files.js"
import { extend, said, write } from "./support/Journals.js"
import { temporaryFile, temporaryFolder } from "./support/TemporaryFolder.js"

const opening = (filename: string) => Effect.flip(Effect.scoped(SqliteStore.make({ filename })))

const one = (filename: string, more: (db: Database.Database) => void): void => {
  const db = new Database(filename)
  more(db)
  db.close()
}

const shell = (line: string): void => void execFileSync("/bin/sh", ["-c", line], { stdio: "ignore" })

/** A message says where and what, in one line, and has no stack. */
const assertReadable = (error: StoreError, place: string) => {
  assert.include(error.message, place)
  assert.notMatch(error.message, /\n|\s+at .*:\d+:\d+/)
}

const odd: ReadonlyArray<readonly [what: string, reason: StoreError["reason"], make: (file: string) => void]> = [
  ["a text", "NotOurs", (file) => fs.writeFileSync(file, "dear diary, ".repeat(100))],
  ["a short file", "NotOurs", (file) => fs.writeFileSync(file, "x")],
  ["the beginning of a database", "NotOurs", (file) => fs.writeFileSync(file, "SQLite format 3\0and so on")],
  ["a database of nobody", "NotOurs", (file) => one(file, (db) => db.exec("CREATE TABLE t (a)"))],
  [
    "another program's database",
    "NotOurs",
    (file) =>
      one(file, (db) => {
        db.pragma("journal_mode = WAL")
        db.pragma("application_id = 77")
        db.exec("CREATE TABLE execution (id)")
      })
  ],
  [
    "a newer tidemark's database",
    "Newer",
    (file) =>
      one(file, (db) => {
        db.pragma(`application_id = ${migrations.applicationId}`)
        db.pragma(`user_version = ${migrations.current + 1}`)
        db.exec("CREATE TABLE t (a)")
      })
  ],
  ["a folder", "NotOurs", (file) => fs.mkdirSync(file)],
  ["a device", "NotOurs", (file) => fs.symlinkSync("/dev/null", file)],
  ["a pipe", "NotOurs", (file) => shell(`mkfifo ${file}`)]
]

describe("a file that is no tidemark database", () => {
  for (const [what, reason, make] of odd) {
    it.scoped(`is refused and left as it was: ${what}`, () =>
      Effect.gen(function* () {
        const file = yield* temporaryFile
        make(file)
        const content = () => (fs.statSync(file).isFile() ? sha256(file) : "")
        const before = content()
        const error = yield* opening(file)
        assert.strictEqual(error.reason, reason, error.message)
        assertReadable(error, path.basename(fs.realpathSync(file)))
        assert.strictEqual(content(), before)
        const inspected = yield* Effect.flip(Effect.scoped(SqliteStore.makeReadonly({ filename: file })))
        assert.strictEqual(inspected.reason, reason)
        assert.strictEqual(content(), before)
      })
    )
  }

  it.scoped("is refused with the path and the cause if it cannot be reached", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      fs.writeFileSync(path.join(folder, "file"), "")
      for (const name of ["missing/x.db", "file/x.db", `${"n".repeat(300)}.db`]) {
        const error = yield* opening(path.join(folder, name))
        assert.strictEqual(error.reason, "NotFound", error.message)
        assertReadable(error, name)
      }
      assert.include((yield* opening(path.join(folder, "nul\0.db"))).message, "nul")
      for (const name of ["", ":memory:"]) assert.strictEqual((yield* opening(name)).reason, "Unsupported")
      assert.strictEqual(
        (yield* Effect.flip(Effect.scoped(SqliteStore.makeReadonly({ filename: "/nowhere.db" })))).reason,
        "NotFound"
      )
    })
  )

  it.scoped("is made a database if it is empty", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      fs.writeFileSync(filename, "")
      yield* SqliteStore.make({ filename })
    })
  )
})

const mounted = (folder: string, options: string) =>
  Effect.acquireRelease(
    Effect.try(() => shell(`mount -t tmpfs -o ${options} tmpfs ${folder}`)),
    () => Effect.sync(() => shell(`umount -l ${folder}`))
  ).pipe(
    Effect.as(true),
    Effect.catchAll(() => Effect.succeed(false))
  )

describe("a file that cannot be written", () => {
  it.scoped("is refused with the path and the cause, and may be inspected", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      // Only root may mount, and root may write all else; where neither holds, permissions do.
      const isMount = yield* mounted(folder, "size=8m")
      const filename = path.join(folder, "tidemark.db")
      yield* Effect.scoped(Effect.flatMap(SqliteStore.make({ filename }), (store) => write(fromEncoded(store), "a", 3)))
      if (isMount) shell(`mount -o remount,ro ${folder}`)
      else for (const file of [filename, folder]) fs.chmodSync(file, 0o555)
      const before = sha256(filename)
      const error = yield* opening(filename)
      assert.strictEqual(error.reason, "ReadOnly", error.message)
      assertReadable(error, filename)
      const store = yield* SqliteStore.makeReadonly({ filename })
      assert.lengthOf(yield* store.read("a", 0), 3)
      assert.strictEqual((yield* Effect.flip(store.claim("a", "me"))).reason, "ReadOnly")
      assert.strictEqual((yield* Effect.flip(Effect.scoped(store.own)))._tag, "StoreError")
      assert.strictEqual(sha256(filename), before)
      if (!isMount) for (const file of [folder, filename]) fs.chmodSync(file, 0o755)
    })
  )

  it.scoped("may be inspected beside a writer", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const store = fromEncoded(yield* SqliteStore.make({ filename }))
      yield* write(store, "a", 3)
      const reader = fromEncoded(yield* SqliteStore.makeReadonly({ filename }))
      yield* write(store, "b", 2)
      assert.strictEqual(yield* said(reader, "b"), yield* said(store, "b"))
    })
  )
})

describe("what is promised", () => {
  it.scoped("is set on the connection and read back, whatever the driver's defaults are", () =>
    Effect.gen(function* () {
      for (const [durability, wanted] of [
        [undefined, 2],
        ["full", 2],
        ["normal", 1]
      ] as const) {
        const filename = yield* temporaryFile
        const options = durability === undefined ? {} : { durability }
        const { db } = yield* SqliteStore.open({ filename, ...options })
        assert.strictEqual(yield* db.pragma("synchronous"), wanted)
        assert.strictEqual(yield* db.pragma("journal_mode"), "wal")
        assert.strictEqual(yield* db.pragma("application_id"), migrations.applicationId)
        assert.strictEqual(yield* db.pragma("user_version"), migrations.current)
      }
    })
  )

  it("needs SQLite 3.51.3 or newer", () => {
    for (const good of ["3.51.3", "3.51.10", "3.52.0", "3.53.2", "4.0", "4.0.0"]) {
      assert.isUndefined(SqliteStore.checkVersion(good), good)
    }
    for (const bad of ["3.51.2", "3.51", "3.50.9", "3.7.17", "2.99.99", "three", ""]) {
      assert.isString(SqliteStore.checkVersion(bad), bad)
    }
  })

  it("is doubted on network file systems", () => {
    assert.strictEqual(SqliteFile.networkOf(0x6969), "NFS")
    assert.strictEqual(SqliteFile.networkOf(0x01021997), "9p")
    assert.isUndefined(SqliteFile.networkOf(0xef53))
  })

  it.scoped("comes as a layer", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      yield* Effect.provide(
        Effect.flatMap(TaskStore, (store) => write(store, "a", 2)),
        SqliteStore.layer({ filename })
      )
      const context = yield* Layer.build(SqliteStore.layerReadonly({ filename }))
      const found = yield* Effect.provide(
        Effect.flatMap(TaskStore, (store) => store.load("a")),
        context
      )
      assert.lengthOf(found!.entries, 2)
    })
  )
})

describe("a full disk", () => {
  it.scoped("acknowledges nothing, loses nothing, and is written again when there is room", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const { db, encoded } = yield* SqliteStore.open({ filename })
      const store = fromEncoded(encoded)
      const heads = yield* Effect.forEach(["a", "b", "c"], (id) => write(store, id, 2))
      const large = { _tag: "PhaseSucceeded" as const, path: "p", value: "x".repeat(100_000) }
      for (let cycle = 0; cycle < 3; cycle++) {
        yield* db.pragma(`max_page_count = ${Number(yield* db.pragma("page_count")) + 2}`)
        const error = yield* Effect.flip(store.append(heads[0]!, 1, [large], "Failed"))
        assert.deepInclude(error, { _tag: "StoreError", reason: "Full" })
        assertReadable(error as StoreError, filename)
        // Of several at once, those that fit are written.
        const [big, small] = yield* Effect.forEach(
          [0, 1],
          (n) => Effect.either(store.append(heads[n]!, 1, [n === 0 ? large : { ...large, value: n }], null)),
          {
            concurrency: "unbounded"
          }
        )
        assert.strictEqual(big!._tag, "Left")
        if (small!._tag === "Left") return assert.fail(small!.left.message)
        heads[1] = small!.right
        yield* db.pragma("max_page_count = 1000000")
        heads[0] = yield* store.append(heads[0]!, 1, [large], "Running")
      }
      assert.lengthOf((yield* store.load("a"))!.entries, 5)
      assert.lengthOf((yield* store.load("b"))!.entries, 5)
      assert.strictEqual((yield* store.get("a"))!.status, "Running")
    })
  )
})

describe("an I/O error on a write", () => {
  it.scoped("stops the store: it answers nothing but that error until it is opened again", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const acknowledged = yield* Effect.scoped(
        Effect.gen(function* () {
          const store = fromEncoded(yield* SqliteStore.make({ filename }))
          const head = yield* write(store, "a", 3)
          // Another connection writes, so that the next append reads the log anew; and the log is cut under its feet.
          one(filename, (db) => db.exec("UPDATE execution SET owner = 'other'"))
          fs.truncateSync(`${filename}-wal`, 100)
          const failed = yield* Effect.flip(extend(store, head, 1))
          assert.deepInclude(failed, { _tag: "StoreError", reason: "Failed" })
          assert.match(failed.message, /SQLITE_IOERR.*opened again/)
          fs.rmSync(`${filename}-wal`)
          for (const later of [
            extend(store, head, 1),
            store.get("a"),
            store.load("a"),
            store.list({}),
            store.changed(undefined, 0)
          ]) {
            assert.strictEqual(yield* Effect.flip(later as Effect.Effect<unknown, StoreError>), failed)
          }
          return head.next
        })
      )
      assert.strictEqual(acknowledged, 3)
      yield* SqliteStore.make({ filename })
    })
  )
})

describe("a lock that another process holds", () => {
  it.live("is waited for off the event loop", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const filename = yield* temporaryFile
        const store = fromEncoded(yield* SqliteStore.make({ filename }))
        const other = yield* SqliteConnection.make({ filename, timeout: 0 })
        yield* other.run("BEGIN IMMEDIATE", [])
        let ticks = 0
        const timer = setInterval(() => {
          if (++ticks === 15) Effect.runSync(other.run("COMMIT", []))
        }, 10)
        yield* Effect.all([write(store, "a", 2), write(store, "b", 2)], { concurrency: "unbounded" })
        clearInterval(timer)
        assert.isAtLeast(ticks, 15)
        assert.lengthOf((yield* store.load("a"))!.entries, 2)
      })
    )
  )

  it.effect("is given up after 30 seconds, naming who holds it", () =>
    Effect.gen(function* () {
      const busy = new StoreError({ reason: "Busy", store: "x.db", message: "busy" })
      const attempt = SqlStore.patiently({ holder: Effect.succeed(" (process 42 holds the lock)") }, Effect.fail(busy))
      const fiber = yield* Effect.fork(Effect.flip(attempt))
      yield* TestClock.adjust("29 seconds")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("2 seconds")
      const error = yield* fiber
      assert.strictEqual(error.reason, "Busy")
      assert.include(error.message, "process 42")
    })
  )
})
