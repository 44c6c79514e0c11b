/**
 * Releases a package as a graph: what needs nothing of each other runs beside each other, and every node is on record.
 * All of it is made in a folder of its own, that is published by one rename; then `LATEST` names it. Killed anywhere, it
 * goes on with the nodes that are missing; when one fails, the folder goes, and `LATEST` names what it named before.
 *
 *     openssl genpkey -algorithm ed25519 -out key.pem
 *     npm run build && node dist/examples/release.js PACKAGE RELEASES key.pem ID
 *
 * PACKAGE has a `package.json` with `files`, and a `CHANGELOG.md` with a heading for its version; RELEASES is a folder that
 * is there already. The same ID again goes on where it was.
 */
import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto"
import { readFileSync, realpathSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Phase, Task, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

/** The package cannot be released as it is. */
export class Rejected extends Schema.TaggedError<Rejected>()("Rejected", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file}: ${this.reason}`
  }
}

/** Who signs. A key is no part of a payload: what is in a payload is in the journal. */
export class Signer extends Context.Tag("examples/Signer")<
  Signer,
  { readonly sign: (text: string) => Effect.Effect<string> }
>() {}

export const signerOf = (key: KeyObject) =>
  Layer.succeed(Signer, { sign: (text) => Effect.sync(() => sign(null, Buffer.from(text), key).toString("base64")) })

const PackageJson = Schema.parseJson(
  Schema.Struct({ name: Schema.String, version: Schema.String, files: Schema.Array(Schema.String) })
)

/** The regular files at and below `path`, relative to `root`. */
const filesBelow = (root: string, path: string): Effect.Effect<ReadonlyArray<string>, PlatformError, FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem
    if ((yield* fs.stat(join(root, path))).type !== "Directory") return [path]
    const names = yield* fs.readDirectory(join(root, path))
    return (yield* Effect.forEach(names, (name) => filesBelow(root, join(path, name)))).flat()
  })

const readPackage = Effect.fnUntraced(function* (from: string) {
  const fs = yield* FileSystem
  const about = yield* Schema.decode(PackageJson)(yield* fs.readFileString(join(from, "package.json"))).pipe(
    Effect.mapError(({ message }) => new Rejected({ file: "package.json", reason: message }))
  )
  const files = yield* Effect.forEach(about.files, (path) => filesBelow(from, path))
  const name = `${about.name.replaceAll("/", "-")}-${about.version}`
  return { name, version: about.version, files: files.flat().sort() }
})

/** One phase for all files, as looking again costs little: what is worth a record of its own gets a phase of its own. */
const check = Effect.fnUntraced(function* (from: string, files: ReadonlyArray<string>) {
  const fs = yield* FileSystem
  const look = Effect.fnUntraced(function* (file: string) {
    const lines = (yield* fs.readFileString(join(from, file))).split("\n")
    const line = lines.findIndex((text) => /^\s*debugger\b/.test(text))
    if (line >= 0) return yield* new Rejected({ file, reason: `line ${line + 1} stops the debugger` })
  })
  yield* Effect.forEach(files, look, { concurrency: 8, discard: true })
})

/** Not interruptible: when a sibling fails, nothing of this phase is still being written as its folder is removed. */
const write = (path: string, text: string) =>
  Effect.uninterruptible(Effect.flatMap(FileSystem, (fs) => fs.writeFileString(path, text)))

/** Answers what `sha256sum` says of what it wrote. */
const writeSummed = (folder: string, name: string, text: string) =>
  Effect.as(write(join(folder, name), text), `${createHash("sha256").update(text).digest("hex")}  ${name}\n`)

const bundle = Effect.fnUntraced(function* (from: string, files: ReadonlyArray<string>, folder: string) {
  const fs = yield* FileSystem
  const texts = yield* Effect.forEach(files, (file) => fs.readFileString(join(from, file)), { concurrency: 8 })
  return yield* writeSummed(folder, "bundle.txt", files.map((file, n) => `=== ${file}\n${texts[n]}`).join("\n"))
})

/** What the changelog says below the heading of this version. */
const notes = Effect.fnUntraced(function* (from: string, version: string, folder: string) {
  const fs = yield* FileSystem
  const lines = (yield* fs.readFileString(join(from, "CHANGELOG.md"))).split("\n")
  const start = lines.indexOf(`## ${version}`)
  if (start < 0) return yield* new Rejected({ file: "CHANGELOG.md", reason: `nothing about ${version}` })
  const end = lines.findIndex((line, n) => n > start && line.startsWith("## "))
  return yield* writeSummed(folder, "NOTES.md", lines.slice(start, end < 0 ? undefined : end).join("\n"))
})

const writeSigned = Effect.fnUntraced(function* (folder: string, sums: string) {
  const signer = yield* Signer
  yield* write(join(folder, "SHA256SUMS"), sums)
  yield* write(join(folder, "SHA256SUMS.sig"), yield* signer.sign(sums))
})

const remove = (path: string) => Effect.flatMap(FileSystem, (fs) => fs.remove(path, { recursive: true, force: true }))

/** The folder that an execution works in: its name is the phase's key, so that a rerun finds its own. */
const prepare = (to: string) => {
  const folderOf = (key: string) => join(to, `.release-${key.slice(0, 12)}`)
  const make = Effect.gen(function* () {
    const fs = yield* FileSystem
    const folder = folderOf(yield* Phase.key)
    yield* fs.makeDirectory(folder, { recursive: true })
    return folder
  })
  return Phase.make("folder", { run: make, undo: remove, undoUnknown: (key) => remove(folderOf(key)) })
}

/** A rename cannot be done twice: whether it happened shows in what there is. */
const publish = (folder: string, published: string) => {
  const rename = (from: string, to: string) => Effect.flatMap(FileSystem, (fs) => fs.rename(from, to))
  const done = Effect.map(
    Effect.flatMap(FileSystem, (fs) => fs.exists(folder)),
    (there) => !there
  )
  return Phase.make("publish", {
    run: rename(folder, published),
    verify: Effect.map(done, (is) => (is ? Option.some(undefined) : Option.none())),
    undo: () => Effect.whenEffect(rename(published, folder), done)
  })
}

/** What `LATEST` names; `null` if it is not there, or is no file. */
const latest = (to: string) =>
  Effect.flatMap(FileSystem, (fs) => fs.readFileString(join(to, "LATEST"))).pipe(Effect.orElseSucceed(() => null))

const writeLatest = (to: string, name: string | null) =>
  name === null
    ? Effect.flatMap(FileSystem, (fs) => fs.remove(join(to, "LATEST"), { force: true }))
    : write(join(to, "LATEST"), name)

const setLatest = (to: string, name: string, before: string | null) => {
  const undo = () => writeLatest(to, before)
  return Phase.make("latest", { run: writeLatest(to, name), undo, undoUnknown: undo })
}

export const release = Task.make("release", {
  payload: { from: Schema.String, to: Schema.String },
  success: Schema.String,
  error: Schema.Union(PlatformError, Rejected),
  onFailure: "revert",
  *run({ from, to }) {
    const { files, name, version } = yield* Phase.make("read", readPackage(from))
    const folder = yield* prepare(to)
    yield* Phase.graph("release", {
      check: { run: Phase.make("check", check(from, files)) },
      bundle: { run: Phase.make("bundle", bundle(from, files, folder)) },
      notes: { run: Phase.make("notes", notes(from, version, folder)) },
      sign: {
        needs: ["bundle", "notes"],
        run: ({ bundle, notes }) => Phase.make("sign", writeSigned(folder, bundle + notes))
      },
      publish: { needs: ["check", "sign"], run: publish(folder, join(to, name)) },
      before: { run: Phase.make("before", latest(to)) },
      latest: { needs: ["publish", "before"], run: ({ before }) => setLatest(to, name, before) }
    })
    return join(to, name)
  }
})

/** Releases, and prints what became of each node. */
export const story = Effect.fnUntraced(function* (id: string, from: string, to: string) {
  yield* Console.log(`${id}: release ${from}`)
  const answer = yield* Effect.either(release.execute({ from, to }, { id, resume: true }))
  const { phases, status } = yield* TaskEngine.status(id)
  const states = phases.filter(({ kind }) => kind === "phase").map(({ path, state }) => `  ${path}: ${state}`)
  for (const line of states.sort()) yield* Console.log(line)
  yield* Console.log(answer._tag === "Right" ? `  ${status}: ${answer.right}` : `  ${status}: ${answer.left.message}`)
})

class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {}

const main = Effect.gen(function* () {
  const [from, to, key, id] = process.argv.slice(2)
  if (from === undefined || to === undefined || key === undefined || id === undefined) {
    return yield* new Usage({ message: "usage: node dist/examples/release.js PACKAGE RELEASES KEY ID" })
  }
  const live = Layer.mergeAll(
    Sqlite.layer({ filename: join(to, "tidemark.db") }),
    signerOf(createPrivateKey(readFileSync(key))),
    NodeFileSystem.layer
  )
  yield* Effect.provide(story(id, resolve(from), resolve(to)), live)
}).pipe(Effect.tapError((error) => Console.error(error.message)))

const isProgram = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
if (isProgram) NodeRuntime.runMain(main, { disableErrorReporting: true })
