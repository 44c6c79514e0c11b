/** The package's own package.json, as far as the command needs it. Imports nothing that may be missing. */
import { readFileSync } from "node:fs"

export interface Manifest {
  readonly version: string
  readonly peerDependencies: Readonly<Record<string, string>>
}

export const read = (): Manifest => {
  for (const folder of ["../..", "../../.."]) {
    try {
      const found = JSON.parse(
        readFileSync(new URL(`${folder}/package.json`, import.meta.url), "utf8")
      ) as Partial<Manifest>
      if (typeof found.version === "string") {
        return { version: found.version, peerDependencies: found.peerDependencies ?? {} }
      }
    } catch {
      // one folder further up, where it was built into `dist`
    }
  }
  return { version: "unknown", peerDependencies: {} }
}
