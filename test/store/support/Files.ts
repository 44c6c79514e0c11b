import { createHash } from "node:crypto"
import * as fs from "node:fs"

/** The file's content, as one short text; nothing if there is no such file. */
export const sha256 = (file: string): string | undefined =>
  fs.existsSync(file) ? createHash("sha256").update(fs.readFileSync(file)).digest("hex") : undefined

/** Copies a database as it lies on the disk, with its log and its anchor, as a crash would leave it. */
export const copy = (from: string, to: string): void => {
  for (const suffix of ["", "-wal", ".anchor"]) {
    fs.rmSync(to + suffix, { force: true })
    if (fs.existsSync(from + suffix)) fs.copyFileSync(from + suffix, to + suffix)
  }
  fs.rmSync(`${to}-shm`, { force: true })
}
