/**
 * Mirrors a tree of files: each file is copied, hashed and recorded as a phase of its own, then a manifest is written, and
 * the whole is published by one rename. Killed anywhere, it goes on at the file where it was; its revert removes all it
 * made and nothing else. Regular files and folders only: symbolic links are left out.
 */
import { createHash } from "node:crypto"
import { join } from "node:path"
import { PlatformError, SystemError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"

/** What a folder holds, relative to it, sorted; the folder itself is "". */
export interface Contents {
  readonly folders: ReadonlyArray<string>
  readonly files: ReadonlyArray<string>
}

/** Everything below `root`. */
export const contents = Effect.fnUntraced(function* (root: string) {
  const fs = yield* FileSystem
  const folders = [""]
  const files: Array<string> = []
  for (const folder of folders) {
    for (const name of (yield* fs.readDirectory(join(root, folder))).sort()) {
      const path = join(folder, name)
      if (yield* Effect.isSuccess(fs.readLink(join(root, path)))) continue
      const { type } = yield* fs.stat(join(root, path))
      if (type === "Directory") folders.push(path)
      if (type === "File") files.push(path)
    }
  }
  return { folders, files }
})

const busy = (path: string, description: string) =>
  new SystemError({ module: "FileSystem", method: "remove", reason: "Busy", pathOrDescriptor: path, description })

/** Removes a file, or a folder that is empty; that it is gone already is no error, for an undo may run again. */
const remove = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem
  if (!(yield* fs.exists(path))) return
  const isFolder = (yield* fs.stat(path)).type === "Directory"
  if (isFolder && (yield* fs.readDirectory(path)).length > 0) return yield* busy(path, "it is not empty")
  yield* fs.remove(path, { recursive: isFolder })
})

/** The undo of a phase that makes `path`, whether it is known to have happened or not. */
const removing = (path: string) => ({ undo: () => remove(path), undoUnknown: () => remove(path) })

/** The folder that an execution works in. Its name is the phase's key: a rerun finds its own, and nobody else has it. */
const incomingIn = (to: string, key: string): string => join(to, `.incoming-${key.slice(0, 12)}`)

const prepare = Effect.fnUntraced(function* (to: string) {
  const incoming = incomingIn(to, yield* Phase.key)
  yield* makeFolder(incoming)
  return incoming
})

const makeFolder = (path: string) => Effect.flatMap(FileSystem, (fs) => fs.makeDirectory(path, { recursive: true }))

/** A file of the mirror: where it stands, its size in bytes and its SHA-256. */
const Copy = Schema.Struct({ path: Schema.String, size: Schema.Number, hash: Schema.String })
type Copy = typeof Copy.Type

const copy = Effect.fnUntraced(function* (path: string, from: string, to: string) {
  const fs = yield* FileSystem
  const bytes = yield* fs.readFile(join(from, path))
  yield* fs.writeFile(join(to, path), bytes)
  return { path, size: bytes.length, hash: createHash("sha256").update(bytes).digest("hex") }
})

/** The text of `manifest.json`. */
export const Manifest = Schema.parseJson(Schema.Array(Copy), { space: 2 })

const writeManifest = (path: string, copies: ReadonlyArray<Copy>) =>
  Effect.flatMap(FileSystem, (fs) => fs.writeFileString(path, `${Schema.encodeSync(Manifest)(copies)}\n`))

const move = (from: string, to: string) => Effect.flatMap(FileSystem, (fs) => fs.rename(from, to))

/** A rename cannot be done twice: whether it happened shows in what there is. */
const moved = Effect.fnUntraced(function* (from: string, to: string) {
  const fs = yield* FileSystem
  return !(yield* fs.exists(from)) && (yield* fs.exists(to))
})

const publish = (incoming: string, published: string) =>
  Phase.make("publish", {
    run: move(incoming, published),
    verify: Effect.map(moved(incoming, published), (did) => (did ? Option.some(undefined) : Option.none())),
    undo: () => Effect.unlessEffect(move(published, incoming), moved(published, incoming))
  })

/** A path as part of a phase's name, which is shorter and plainer than a path may be: its end, no control characters. */
const label = (path: string): string =>
  [...path.normalize("NFC").replace(/[\p{Cc}\p{Surrogate}]/gu, "?")].slice(-60).join("") || "."

export const mirror = Task.make("mirror", {
  payload: { from: Schema.String, to: Schema.String },
  success: Schema.Struct({ published: Schema.String, files: Schema.Number, bytes: Schema.Number }),
  error: PlatformError,
  *run({ from, to }) {
    const published = join(to, "mirror")
    const { files, folders } = yield* Phase.make("list", contents(from))
    const incoming = yield* Phase.make("prepare", {
      run: prepare(to),
      undo: remove,
      undoUnknown: (key) => remove(incomingIn(to, key))
    })
    const tree = join(incoming, "files")
    for (const folder of folders) {
      const path = join(tree, folder)
      yield* Phase.make(`folder ${label(folder)}`, { run: makeFolder(path), ...removing(path) })
    }
    const copies: Array<Copy> = []
    for (const file of files) {
      copies.push(
        yield* Phase.make(`copy ${label(file)}`, { run: copy(file, from, tree), ...removing(join(tree, file)) })
      )
    }
    const manifest = join(incoming, "manifest.json")
    yield* Phase.make("manifest", { run: writeManifest(manifest, copies), ...removing(manifest) })
    yield* publish(incoming, published)
    return { published, files: files.length, bytes: copies.reduce((sum, { size }) => sum + size, 0) }
  }
})
