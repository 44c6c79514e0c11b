import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"

/** In memory where there is such a place: no test of ours needs a disk's fsync, and some would wait for thousands. */
const root = fs.existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir()

/** A folder of its own, which goes when the scope closes. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(root, "tidemark-test-"))),
  (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
)

/** A database that is not there yet, in a folder of its own. */
export const temporaryFile = Effect.map(temporaryFolder, (folder) => path.join(folder, "tidemark.db"))
