/** The file a store is asked to use: where it really is, whether it can be used, and whose it is. Nothing is written. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"
import { applicationId, current } from "./migrations.js"
import * as SqliteConnection from "./SqliteConnection.js"
import { codeOf, fromCause, storeError } from "./SqliteErrors.js"

/** What a file is to tidemark. */
export type Kind = "new" | "ours"

/** The path without symbolic links and relative parts, of the file or of what it will be: one store, one path. */
const realPath = (filename: string): string => {
  const absolute = path.resolve(filename)
  try {
    return fs.realpathSync(absolute)
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") throw cause
  }
  const link = fs.lstatSync(absolute, { throwIfNoEntry: false })?.isSymbolicLink()
    ? fs.readlinkSync(absolute)
    : undefined
  const folder = path.dirname(absolute)
  if (link !== undefined) return realPath(path.resolve(folder, link))
  if (!fs.existsSync(folder)) throw storeError("NotFound", absolute, `its folder ${folder} does not exist`)
  return path.join(fs.realpathSync(folder), path.basename(absolute))
}

/** Fails if the file is none, or none that may be read, and written if `write`. */
const checkAccess = (real: string, write: boolean): StoreError | undefined => {
  const stat = fs.statSync(real, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return storeError("NotOurs", real, "it is a folder")
  if (stat !== undefined && !stat.isFile()) return storeError("NotOurs", real, "it is not a regular file")
  const mode = write ? fs.constants.R_OK | fs.constants.W_OK : fs.constants.R_OK
  if (stat !== undefined) fs.accessSync(real, mode)
  if (write) fs.accessSync(path.dirname(real), mode)
  return undefined
}

const locate = (filename: string, write: boolean): string => {
  if (filename === "" || filename === ":memory:") {
    throw storeError("Unsupported", JSON.stringify(filename), "it is no file: use TaskEngine.layerMemory instead")
  }
  try {
    const real = realPath(filename)
    const problem = checkAccess(real, write)
    if (problem !== undefined) throw problem
    return real
  } catch (cause) {
    throw fromCause(path.resolve(filename.replaceAll("\0", "\\0")), cause)
  }
}

/** Where the file really is: an absolute path. Fails if it, or its folder, cannot be used so. */
export const resolve = (filename: string, { write }: { readonly write: boolean }): Effect.Effect<string, StoreError> =>
  Effect.try({ try: () => locate(filename, write), catch: (cause) => fromCause(filename, cause) })

/** How large the file is, in bytes; 0 if there is none. */
export const size = (real: string): number => fs.statSync(real, { throwIfNoEntry: false })?.size ?? 0

/** A smaller file is no database; SQLite would take one of a few bytes for an empty one, and write over it. */
const smallest = 512

/** Fails with `NotOurs` if the file has content, but too little for a database. */
export const notTooSmall = (real: string): Effect.Effect<void, StoreError> =>
  Effect.suspend(() =>
    size(real) < smallest ? storeError("NotOurs", real, `it has only ${size(real)} bytes`) : Effect.void
  )

/** Larger than this it holds data, whatever a hot journal says. */
const onePage = 65_536

/**
 * Whose database it is: read without writing, by SQLite itself, since a file that SQLite has open must not be opened and
 * closed by anybody else in the process (POSIX drops the locks).
 */
export const kindOf = (real: string): Effect.Effect<Kind, StoreError> =>
  Effect.scoped(
    Effect.gen(function* () {
      if (size(real) === 0) return "new" satisfies Kind
      yield* notTooSmall(real)
      const identified = yield* Effect.either(open(real, true))
      if (identified._tag === "Right") return identified.right
      // The journal of a creation that was interrupted: only a writer can roll it back.
      const interrupted = fs.existsSync(`${real}-journal`) && size(real) <= onePage
      return interrupted ? yield* open(real, false) : yield* identified.left
    })
  )

const open = (real: string, readonly: boolean) =>
  Effect.flatMap(SqliteConnection.make({ filename: real, readonly, timeout: 10 }), (db) => identify(db, real))

/** Whose database a connection has: "new" if there is nothing in it. */
export const identify = Effect.fnUntraced(function* (db: SqliteConnection.SqliteConnection, real: string) {
  const application = Number(yield* db.pragma("application_id"))
  const version = Number(yield* db.pragma("user_version"))
  const tables = Number((yield* db.all("SELECT count(*) AS count FROM sqlite_schema", []))[0]!.count)
  if (application === 0 && version === 0 && tables === 0) return "new" satisfies Kind
  if (application !== applicationId) return yield* storeError("NotOurs", real, "another program's database")
  if (version <= current) return "ours" satisfies Kind
  return yield* storeError("Newer", real, `its schema is version ${version}, and this build knows ${current} at most`)
})

/** File systems whose locks or shared memory fail SQLite, by the magic number of statfs. */
const networks: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x01021997, "9p"],
  [0x65735546, "FUSE"]
])

/** The network file system with this magic number, if it is one. */
export const networkOf = (type: number): string | undefined => networks.get(type)

/** The network file system that the file is on, if it is on one. */
export const networkAt = (real: string): string | undefined => {
  try {
    return networkOf(fs.statfsSync(path.dirname(real)).type)
  } catch {
    return undefined
  }
}

/** A copy of the database and its log in a folder of its own, which goes when the scope closes. */
export const copied = (real: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.try({
        try: () => {
          const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tidemark-"))
          for (const suffix of ["", "-wal"]) {
            if (fs.existsSync(real + suffix)) fs.copyFileSync(real + suffix, path.join(folder, `copy.db${suffix}`))
          }
          return folder
        },
        catch: (cause) => fromCause(real, cause)
      }),
      (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
    ),
    (folder) => path.join(folder, "copy.db")
  )
