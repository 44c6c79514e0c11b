/**
 * Makes the `tidemark` command out of the compiled sources, twice, as few files that load in a fraction of the time, with
 * the packages that only the command takes: `alone` has all that it needs; `beside` shares Effect and tidemark with the
 * tasks of `--tasks`, which are to find the very same modules.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { build, type Metafile, type Plugin } from "esbuild"

const src = fileURLToPath(new URL("../src/", import.meta.url))

/** The driver is native: it is found where its Effect package finds it, whoever installed that. */
const driver: Plugin = {
  name: "driver",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^better-sqlite3$/ }, () => ({ path: path.join(src, "cli/Driver.js") }))
  }
}

/** Wings of the library are left where they are: both folders lie beside them. */
const shared: Plugin = {
  name: "shared",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\.?\// }, ({ path: name, resolveDir }) => {
      const file = path.relative(src, path.join(resolveDir, name)).replaceAll(path.sep, "/")
      return /^(authoring|core|engine|store|watchdog)\//.test(file) ? { path: `../${file}`, external: true } : undefined
    })
  }
}

/** The licences of the packages that are within. */
const licences = (metafile: Metafile): string => {
  const folders = Object.keys(metafile.inputs).flatMap(
    (input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path.resolve(input))?.slice(0, 1) ?? []
  )
  const texts = [...new Set(folders)]
    .filter((folder) => !src.startsWith(folder))
    .map((folder) => {
      const { name, version } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")) as {
        readonly name: string
        readonly version: string
      }
      const file = fs.readdirSync(folder).find((one) => /^licen[cs]e/i.test(one))
      if (file === undefined) throw new Error(`${name} has no licence in ${folder}`)
      return `${name} ${version}\n\n${fs.readFileSync(path.join(folder, file), "utf8").trim()}\n`
    })
  return texts.sort().join(`\n${"-".repeat(80)}\n\n`)
}

const bundle = async (name: string, plugin: Plugin, external: Array<string>): Promise<void> => {
  const outdir = path.join(src, name)
  const { metafile } = await build({
    entryPoints: [path.join(src, "cli/Process.js")],
    outdir,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    minifySyntax: true,
    minifyWhitespace: true,
    // Packages that are CommonJS ask for Node's modules by `require`.
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);'
    },
    external,
    plugins: [plugin],
    metafile: true,
    logLevel: "warning"
  })
  fs.writeFileSync(path.join(outdir, "LICENSES.txt"), licences(metafile))
}

const packages = (...names: ReadonlyArray<string>) => names.flatMap((name) => [name, `${name}/*`])

await bundle("alone", driver, [])
await bundle(
  "beside",
  shared,
  packages("effect", "@effect/platform", "@effect/experimental", "@effect/sql", "@effect/sql-sqlite-node")
)
