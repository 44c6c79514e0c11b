/**
 * For tests whose children are processes of their own, and Node 20 runs no TypeScript: a vitest globalSetup that compiles
 * src, examples, bench and scripts once, as `npm run build` does but without checking types, into a folder of its own.
 *
 * A test finds the folder with `inject("compiled")` (from vitest) and runs e.g. `${compiled}/examples/mirror/demo.js` or
 * `${compiled}/scripts/torture/programs/crew.js`. There "tidemark", "tidemark/sqlite" and "tidemark/testing" are the
 * compiled sources. The folder is kept, and used again as long as no source has changed.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    /** the folder of the compiled sources, see test/support/build.ts */
    readonly compiled: string
  }
}

const root = fileURLToPath(new URL("../../", import.meta.url))
const cache = path.join(root, "node_modules/.cache/tidemark")

/** Tells apart the states of the sources, by the times and sizes of their files. */
const fingerprint = (): string => {
  const hash = createHash("sha256")
  for (const folder of ["src", "examples", "bench", "scripts"]) {
    if (!fs.existsSync(path.join(root, folder))) continue
    for (const name of fs.readdirSync(path.join(root, folder), { encoding: "utf8", recursive: true }).sort()) {
      const stat = fs.statSync(path.join(root, folder, name), { throwIfNoEntry: false })
      if (stat?.isFile()) hash.update(`${folder}/${name}\n${stat.mtimeMs}\n${stat.size}\n`)
    }
  }
  return hash.digest("hex").slice(0, 16)
}

/** The package as it names itself, with its entry points among the compiled sources. */
const manifest = (): string => {
  const { exports, name } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
    readonly name: string
    readonly exports: Record<string, string | { readonly default: string }>
  }
  const entries = Object.entries(exports).flatMap(([key, value]) =>
    typeof value === "string" ? [] : [[key, value.default.replace("./dist/", "./")]]
  )
  return JSON.stringify({ name, type: "module", exports: Object.fromEntries(entries) })
}

const compile = (folder: string): void => {
  const options = ["--noCheck", "--declaration", "false", "--declarationMap", "false", "--sourceMap", "false"]
  const tsc = path.join(root, "node_modules/typescript/bin/tsc")
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, "-p", path.join(root, "tsconfig.build.json"), ...options, "--outDir", folder],
    { encoding: "utf8" }
  )
  if (!fs.existsSync(path.join(folder, "src/index.js"))) throw new Error(`tsc ended with ${status}: ${stdout}`)
  fs.writeFileSync(path.join(folder, "package.json"), manifest())
  const bundled = spawnSync(process.execPath, [path.join(folder, "scripts/command.js")], { encoding: "utf8" })
  if (bundled.status !== 0) throw new Error(`scripts/command ended with ${bundled.status}: ${bundled.stderr}`)
}

/** Removes what no test of the last 20 minutes can be using. */
const prune = (): void => {
  for (const name of fs.readdirSync(cache)) {
    const stat = fs.statSync(path.join(cache, name), { throwIfNoEntry: false })
    if (stat !== undefined && Date.now() - stat.mtimeMs > 20 * 60_000) {
      fs.rmSync(path.join(cache, name), { recursive: true, force: true })
    }
  }
}

/** The folder of the compiled sources, made if there is none of their present state. */
export const build = (): string => {
  fs.mkdirSync(cache, { recursive: true })
  prune()
  const folder = path.join(cache, fingerprint())
  if (!fs.existsSync(folder)) {
    const fresh = fs.mkdtempSync(path.join(cache, "new-"))
    compile(fresh)
    try {
      fs.renameSync(fresh, folder)
    } catch (error) {
      // Another run was first; its folder is as good.
      if (!fs.existsSync(folder)) throw error
      fs.rmSync(fresh, { recursive: true, force: true })
    }
  }
  fs.utimesSync(folder, new Date(), new Date())
  return folder
}

export default ({ provide }: TestProject): void => provide("compiled", build())
