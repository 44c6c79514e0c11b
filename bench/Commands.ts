/** What the `tidemark` command takes, in new processes: to help, to list, to show. */
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { type Group, time, type Variant } from "./Measure.js"

const at = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const bin = at("../src/bin.js")

/** Runs Node to its end. A failure is ours, unless the program is to die. */
const node = (args: ReadonlyArray<string>, dies = false): Effect.Effect<void> =>
  Effect.async((resume) => {
    execFile(process.execPath, args, { encoding: "utf8", maxBuffer: 2 ** 30 }, (error, _, stderr) =>
      resume(error === null || dies ? Effect.void : Effect.dieMessage(`${args.join(" ")} failed: ${stderr}`))
    )
  })

const timed = (name: string, args: ReadonlyArray<string>, before: Effect.Effect<void> = Effect.void): Variant => ({
  name,
  unit: "ms",
  round: Effect.zipRight(before, time(node(args)))
})

/** Makes a file once. */
const once = (file: string, make: Effect.Effect<void>) =>
  Effect.suspend(() => (fs.existsSync(file) ? Effect.void : make))

const pair = (name: string, about: string, [of, to]: readonly [Variant, Variant], most: number): Group => ({
  name,
  about,
  rounds: 11,
  warmUp: 1,
  variants: [to, of],
  ratios: [{ name: `${of.name} / ${to.name}`, of: of.name, to: to.name, goal: { most } }]
})

const help = (): Group =>
  pair(
    "cli-help",
    "from starting Node to its end",
    [
      timed("tidemark --help", [bin, "--help"]),
      timed("importing effect and @effect/cli", [at("programs/cli-imports.js")])
    ],
    1.3
  )

const listing = (folder: string): Group => {
  const of = (count: number): Variant => {
    const file = path.join(folder, `cli-ls-${count}.db`)
    const filled = once(file, node([at("programs/filled.js"), file, String(count)]))
    return timed(`ls over ${count.toLocaleString("en")}`, [bin, "ls", "--db", file], filled)
  }
  return pair("cli-ls", "the newest 50 executions", [of(100_000), of(100)], 1.5)
}

const showing = (folder: string): Group => {
  const of = (phases: number): Variant => {
    const file = path.join(folder, `cli-show-${phases}.db`)
    const recorded = once(file, node([at("programs/record.js"), file, String(phases)], true))
    return timed(`show of ${phases.toLocaleString("en")} phases`, [bin, "show", "long", "--db", file], recorded)
  }
  return pair("cli-show", "all phases, into a pipe", [of(10_000), of(10)], 2)
}

export const all = (folder: string): ReadonlyArray<Group> => [help(), listing(folder), showing(folder)]
