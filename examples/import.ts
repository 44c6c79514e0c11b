/**
 * Imports a folder of batches, each a folder of CSV files, as JSON: `may/shop.csv` becomes `may/shop.json`. A batch is an
 * execution of its own, a child; a file is a group that tries one encoding after the other. What cannot be imported
 * is reported, and the rest goes on; once it is repaired, only what is missing runs.
 *
 *     npm run build && node dist/examples/import.js FROM TO
 *
 * TO is a folder that is there already. The same again goes on where it was.
 */
import { realpathSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Failure, Phase, Retry, Task, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

/** The file holds text that is none in this encoding. */
export class Garbled extends Schema.TaggedError<Garbled>()("Garbled", {
  file: Schema.String,
  encoding: Schema.String
}) {}

/** A line that has not as many fields as the first. */
export class Malformed extends Schema.TaggedError<Malformed>()("Malformed", {
  file: Schema.String,
  line: Schema.Number
}) {}

const Failures = Schema.Union(PlatformError, Garbled, Malformed)

const fieldsOf = (text: string) =>
  text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split(";"))

/** The bytes of separators and ends of lines are the same in all the encodings that are tried. */
const look = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem
  const lines = fieldsOf(yield* fs.readFileString(file, "latin1"))
  const line = lines.findIndex(({ length }) => length !== lines[0]?.length)
  if (line >= 0) return yield* new Malformed({ file: basename(file), line: line + 1 })
})

const Rows = Schema.parseJson(Schema.Array(Schema.Array(Schema.String)), { space: 2 })

/** Answers how many rows there are below the heading. */
const write = Effect.fnUntraced(function* (from: string, to: string, encoding: string) {
  const fs = yield* FileSystem
  const rows = fieldsOf(new TextDecoder(encoding).decode(yield* fs.readFile(from)))
  yield* fs.writeFileString(to, `${Schema.encodeSync(Rows)(rows)}\n`)
  return rows.length - 1
})

/** Looks at what was written, as whoever reads it will. */
const check = Effect.fnUntraced(function* (written: string, encoding: string) {
  const fs = yield* FileSystem
  if ((yield* fs.readFileString(written)).includes("\uFFFD")) {
    return yield* new Garbled({ file: basename(written), encoding })
  }
})

const remove = (path: string) => Effect.flatMap(FileSystem, (fs) => fs.remove(path, { force: true, recursive: true }))

/** A group in a group: only `convert` is tried again, and what the wrong encoding wrote is removed before that. */
const importFile = (from: string, to: string) =>
  Phase.group("file", function* () {
    yield* Phase.make("look", look(from))
    return yield* Phase.group(
      "convert",
      function* (_attempt, encoding) {
        const undo = () => remove(to)
        const rows = yield* Phase.make("write", { run: write(from, to, encoding), undo, undoUnknown: undo })
        yield* Phase.make("check", check(to, encoding))
        return rows
      },
      { retry: Retry.forEach(["utf-8", "windows-1252"]) }
    )
  })

const names = Effect.fnUntraced(function* (folder: string, type: "File" | "Directory") {
  const fs = yield* FileSystem
  const all = yield* fs.readDirectory(folder)
  const fitting = yield* Effect.filter(all, (name) => Effect.map(fs.stat(join(folder, name)), (is) => is.type === type))
  return fitting.sort()
})

const makeFolder = (path: string) => Effect.flatMap(FileSystem, (fs) => fs.makeDirectory(path, { recursive: true }))

/** What somebody else put into it stays, and so does the folder. */
const removeEmpty = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem
  if ((yield* fs.exists(path)) && (yield* fs.readDirectory(path)).length === 0) yield* remove(path)
})

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((all, one) => all + one, 0)

/** One batch. With `settle`, a file that cannot be read stops no other. */
export const importBatch = Task.make("import-batch", {
  payload: { from: Schema.String, to: Schema.String },
  success: Schema.Number,
  error: Failures,
  *run({ from, to }) {
    const undo = () => removeEmpty(to)
    yield* Phase.make("folder", { run: makeFolder(to), undo, undoUnknown: undo })
    const files = (yield* Phase.make("list", names(from, "File"))).filter((file) => file.endsWith(".csv"))
    const rows = yield* Phase.forEach(
      "files",
      files,
      (file) => importFile(join(from, file), join(to, `${basename(file, ".csv")}.json`)),
      { key: (file) => file, concurrency: 4, mode: "settle" }
    )
    return sum(rows)
  }
})

/** All batches, two at a time: each a child execution, with an id, a journal and a status of its own. */
export const importAll = Task.make("import", {
  payload: { from: Schema.String, to: Schema.String },
  success: Schema.Number,
  error: Failures,
  *run({ from, to }) {
    const batches = yield* Phase.make("list", names(from, "Directory"))
    const rows = yield* Phase.forEach(
      "batches",
      batches,
      (batch) => importBatch.phase({ from: join(from, batch), to: join(to, batch) }),
      { key: (batch) => batch, concurrency: 2, mode: "settle" }
    )
    return sum(rows)
  }
})

/** Imports, and prints how many rows there are, or what is in the way. */
export const story = Effect.fnUntraced(function* (id: string, from: string, to: string) {
  yield* Console.log(`${id}: import ${from}`)
  const answer = yield* Effect.either(importAll.execute({ from, to }, { id, resume: true }))
  const { failures, status } = yield* TaskEngine.status(id)
  for (const line of failures.map(Failure.render).sort()) yield* Console.log(`  ${line}`)
  yield* Console.log(answer._tag === "Right" ? `  ${status}: ${answer.right} rows` : `  ${status}`)
})

/** Both tasks are registered: a child that a dead process left is taken up beside its parent. */
export const layer = Layer.merge(importAll.layer, importBatch.layer)

class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {}

const main = Effect.gen(function* () {
  const [from, to] = process.argv.slice(2)
  if (from === undefined || to === undefined) {
    return yield* new Usage({ message: "usage: node dist/examples/import.js FROM TO" })
  }
  const engine = Layer.merge(Sqlite.layer({ filename: join(to, "tidemark.db") }), NodeFileSystem.layer)
  yield* Effect.provide(story("import-1", resolve(from), resolve(to)), Layer.provideMerge(layer, engine))
}).pipe(Effect.tapError((error) => Console.error(error.message)))

const isProgram = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
if (isProgram) NodeRuntime.runMain(main, { disableErrorReporting: true })
