/** What the demo claims, checked: what fails ends it with one line. */
import { createHash } from "node:crypto"
import { join } from "node:path"
import { FileSystem } from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Status } from "tidemark"
import { contents, Manifest } from "./task.js"
import type { Ran } from "./witness.js"

/** Something is not as it has to be. */
export class CheckFailed extends Data.TaggedError("CheckFailed")<{ readonly message: string }> {}

const demand = (holds: boolean, message: string) => (holds ? Effect.void : new CheckFailed({ message }))

/** What was known at the kill: which phases had their outcome on disk, and which one had begun and had none. */
export interface AtTheKill {
  readonly pid: number
  readonly recorded: ReadonlyArray<string>
  readonly inFlight: { readonly path: string; readonly name: string }
}

/** The execution's status is this one. */
export const stands = (status: Status.Status, wanted: Status.Status) =>
  demand(status === wanted, `the execution should be ${wanted}, and is ${status}`)

const pids = (ran: ReadonlyArray<Ran>): string => ran.map(({ pid }) => pid).join(" and ") || "no process"

/**
 * By the witness's log: each phase ran once, those that were recorded in the process that was killed and the others in
 * the one that resumed; the one in flight may have run in both, with one key. Answers where that one ran.
 */
export const ranOnce = Effect.fnUntraced(function* (
  log: ReadonlyArray<Ran>,
  phases: ReadonlyArray<string>,
  killed: AtTheKill,
  resumed: number
) {
  const of = (path: string) => log.filter((ran) => ran.path === path)
  const recorded = new Set(killed.recorded)
  for (const path of phases) {
    const ran = of(path)
    if (path === killed.inFlight.path) continue
    const pid = recorded.has(path) ? killed.pid : resumed
    yield* demand(
      ran.length === 1 && ran[0]!.pid === pid,
      `${path} should have run in process ${pid} alone, and ran in ${pids(ran)}`
    )
  }
  const inFlight = of(killed.inFlight.path)
  const once = new Set(inFlight.map(({ pid }) => pid)).size === inFlight.length
  const last = inFlight[inFlight.length - 1]
  yield* demand(
    once && last?.pid === resumed,
    `${killed.inFlight.name}, in flight at the kill, ran in ${pids(inFlight)}`
  )
  yield* demand(
    new Set(inFlight.map(({ key }) => key)).size === 1,
    `${killed.inFlight.name} ran with more than one key`
  )
  return inFlight
})

/** By the witness's log: no undo ran twice. Answers how many did something. */
export const undoneOnce = Effect.fnUntraced(function* (log: ReadonlyArray<Ran>, pid: number) {
  const undone = log.filter((ran) => ran.pid === pid).map(({ path }) => path)
  const twice = undone.find((path, index) => undone.indexOf(path) !== index)
  yield* demand(twice === undefined, `${twice} ran twice in process ${pid}`)
  return undone.length
})

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** Every file of `from` is in the mirror with the same bytes, under the hash that the manifest has; and nothing else is. */
export const sameBytes = Effect.fnUntraced(function* (from: string, published: string) {
  const fs = yield* FileSystem
  const { files } = yield* contents(from)
  const copied = yield* contents(join(published, "files"))
  yield* demand(files.join("\n") === copied.files.join("\n"), `${published} does not hold the files of ${from}`)
  const text = yield* fs.readFileString(join(published, "manifest.json"))
  const manifest = yield* Schema.decode(Manifest)(text)
  const hashes = new Map(manifest.map(({ hash, path }) => [path, hash]))
  let bytes = 0
  for (const file of files) {
    const [one, other] = yield* Effect.all([fs.readFile(join(from, file)), fs.readFile(join(published, "files", file))])
    yield* demand(Buffer.compare(one, other) === 0, `the copy of ${file} differs`)
    yield* demand(hashes.get(file) === hashOf(one), `the manifest's hash of ${file} is not that of the file`)
    bytes += one.length
  }
  return { files: files.length, bytes }
})

/** Everything below `root` by its path: a file's hash, "" for a folder. */
export const snapshot = Effect.fnUntraced(function* (root: string) {
  const fs = yield* FileSystem
  const { files, folders } = yield* contents(root)
  const found = new Map(folders.map((path) => [path, ""]))
  for (const file of files) found.set(file, hashOf(yield* fs.readFile(join(root, file))))
  return found
})

/** A folder is as it was: same folders, same files, same bytes. */
export const unchanged = Effect.fnUntraced(function* (before: ReadonlyMap<string, string>, root: string) {
  const after = yield* snapshot(root)
  const paths = [...new Set([...before.keys(), ...after.keys()])]
  const changed = paths.find((path) => before.get(path) !== after.get(path))
  yield* demand(changed === undefined, `${join(root, changed ?? "")} is not as it was before the task`)
})
