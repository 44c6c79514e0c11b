import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { afterAll, beforeAll } from "vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))

const transpile = (folder: string, file: string): void => {
  const { outputText } = ts.transpileModule(fs.readFileSync(path.join(root, file), "utf8"), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true }
  })
  const target = path.join(folder, file.replace(/\.ts$/, ".js"))
  fs.mkdirSync(path.dirname(target), { recursive: true })
  fs.writeFileSync(target, outputText)
}

const compile = (): string => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tidemark-compiled-"))
  for (const wing of ["src/core", "src/store", "test/store/support/programs"]) {
    for (const name of fs.readdirSync(path.join(root, wing))) {
      if (name.endsWith(".ts")) transpile(folder, `${wing}/${name}`)
    }
  }
  fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }))
  fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"))
  return folder
}

/**
 * The core and the stores as JavaScript, with the programs of this folder that child processes run: a folder that lives
 * as long as the tests of the file that asks for it. Node 20 runs no TypeScript.
 */
export const compiled = (): (() => string) => {
  let folder = ""
  beforeAll(() => {
    folder = compile()
  })
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))
  return () => folder
}
