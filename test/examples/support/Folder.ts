import * as fs from "node:fs"
import * as path from "node:path"

/** What a folder holds: its files with their texts, by their paths in it; folders end with a slash and are empty. */
export const tree = (folder: string): Record<string, string> =>
  Object.fromEntries(
    fs
      .readdirSync(folder, { withFileTypes: true, recursive: true })
      .map((entry) => [path.join(entry.parentPath, entry.name), entry] as const)
      .map(([at, entry]) => [path.relative(folder, at), at, entry.isDirectory()] as const)
      .map(([name, at, isFolder]): [string, string] =>
        isFolder ? [`${name}/`, ""] : [name, fs.readFileSync(at, "utf8")]
      )
      .sort(([a], [b]) => (a < b ? -1 : 1))
  )

/** Makes files, and the folders above them. */
export const write = (folder: string, files: Record<string, string | Uint8Array>): void => {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), text)
  }
}
