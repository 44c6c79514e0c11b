import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = fileURLToPath(new URL("../../../", import.meta.url))

const compilerOptions: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022,
  verbatimModuleSyntax: true
}

const transpile = (folder: string, file: string): void => {
  const { outputText } = ts.transpileModule(fs.readFileSync(path.join(root, file), "utf8"), { compilerOptions })
  const target = path.join(folder, "dist", file.replace(/\.ts$/, ".js"))
  fs.mkdirSync(path.dirname(target), { recursive: true })
  fs.writeFileSync(target, outputText)
}

/**
 * The library and its examples as a package in a fresh folder, whose path is answered: `dist` as a build makes it, found
 * by the package's own name. For tests of whole processes: Node 20 runs no TypeScript, and a build may be missing or old.
 */
export const compile = (): string => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tidemark-compiled-"))
  for (const wing of ["src", "examples"]) {
    for (const name of fs.readdirSync(path.join(root, wing), { encoding: "utf8", recursive: true })) {
      if (name.endsWith(".ts")) transpile(folder, path.join(wing, name))
    }
  }
  fs.copyFileSync(path.join(root, "package.json"), path.join(folder, "package.json"))
  fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"))
  return folder
}
