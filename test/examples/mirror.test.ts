import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Scene } from "../../examples/mirror/scene.js"
import * as Witness from "../../examples/mirror/witness.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"
import { compile } from "./support/Compiled.js"

let compiled = ""
beforeAll(() => {
  compiled = compile()
})
afterAll(() => fs.rmSync(compiled, { recursive: true, force: true }))

const program = (name: string): string => join(compiled, "dist/examples/mirror", name)

/** Files whose names are no names of phases, alike at their ends, or empty. */
const awkward = [
  `${"long ".repeat(20)}name`,
  `${"lung ".repeat(20)}name`,
  "line\nbreak",
  "a#2",
  "~1",
  "e\u0301",
  "empty"
]

const makeTree = (root: string): string => {
  const tree = join(root, "tree")
  fs.mkdirSync(join(tree, "deep/deeper"), { recursive: true })
  fs.mkdirSync(join(tree, "hollow"))
  for (const name of awkward) fs.writeFileSync(join(tree, name), name === "empty" ? "" : `of ${name}`)
  for (let n = 0; n < 20; n++) fs.writeFileSync(join(tree, "deep/deeper", `${n}.txt`), `${n}`.repeat(1000 * n))
  fs.symlinkSync("deep", join(tree, "link"))
  return tree
}

/** What is the same in every run: no process ids, keys, times or folders. */
const steady = (output: string, root: string): ReadonlyArray<string> =>
  output
    .replaceAll(root, "ROOT")
    .replace(/\S+tidemark-demo-\w+/g, "WORK")
    .replace(/\b[0-9a-f]{32}\b/g, "KEY")
    .replace(/(?<=in )[0-9.]+ s\./, "TIME s.")
    .replace(/copy \S+\.txt/g, "copy FILE")
    .replace(/(?:not )?begun in \d+, run (?:again )?in \d+/, "MAYBE TWICE")
    .split("\n")
    .map((line) => line.replace(/\d{2,}/g, "N"))

const demo = (...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, [program("demo.js"), ...args], { encoding: "utf8" })

/** Lets `run.js` run until the witness has noted `count` phases, and kills it. */
const killedAfter = (count: number, scene: Scene) =>
  Effect.gen(function* () {
    const child = spawn(process.execPath, [program("run.js"), "run", JSON.stringify(scene)], { stdio: "ignore" })
    const ended = new Promise<NodeJS.Signals | null>((done) => child.on("exit", (_code, signal) => done(signal)))
    const noted = Effect.sync(() => fs.existsSync(scene.log) && Witness.read(scene.log).length >= count)
    yield* Effect.repeat(noted, { until: (enough) => enough || child.exitCode !== null, schedule: Schedule.spaced(5) })
    child.kill("SIGKILL")
    return yield* Effect.promise(() => ended)
  })

describe("the example mirror", () => {
  it.scopedLive("survives kill -9 half-way, and proves it: the demo", () =>
    Effect.gen(function* () {
      const root = yield* temporaryFolder
      const run = demo(makeTree(root))
      assert.strictEqual(run.stderr, "")
      assert.deepStrictEqual(steady(run.stdout, root), [
        "tidemark demo: a mirror of ROOT/tree, N files, in WORK/backup",
        "each copy is slowed down by N ms, so that there is a middle",
        "",
        "1. Process N mirrors the tree. Each file is a phase, and on record before the next begins.",
        "   kill -9 N: N of N files are on record",
        "   ✓ the journal is whole: Running, N phases on record, in flight: copy FILE",
        "",
        "2. Process N resumes: at the phase in flight, not at the first.",
        "   ✓ by an independent log, N ran N phases and N ran N",
        "   ✓ none of the N phases on record ran again",
        "   ✓ in flight at the kill: copy FILE",
        "     MAYBE TWICE, under the same key, KEY",
        "   ✓ N files, 0.3 MB: the copy is the same, byte by byte",
        "",
        "3. Process N reverts: every phase is undone, the newest first.",
        "   ✓ N phases had something to undo, and none was undone twice",
        "   ✓ backup holds what it held before, and nothing else: letter.txt",
        "",
        "All of it holds, in TIME s.",
        "A process was killed with SIGKILL in the middle of N files. Another went on where it had stopped, did",
        "nothing twice that was on record, and the copy is exact. One revert then took all of it away, and nothing else.",
        ""
      ])
      assert.strictEqual(run.status, 0)
      assert.isFalse(fs.existsSync(/\S+tidemark-demo-\w+/.exec(run.stdout)![0]), "the folder that it worked in is gone")
    })
  )

  it.scopedLive("can be reverted by another process after kill -9, its phase in doubt included", () =>
    Effect.gen(function* () {
      const root = yield* temporaryFolder
      const to = join(root, "backup")
      fs.mkdirSync(to)
      fs.writeFileSync(join(to, "letter.txt"), "I was here before.")
      const scene: Scene = {
        id: "mirror-1",
        from: makeTree(root),
        to,
        database: join(root, "tidemark.db"),
        log: join(root, "ran.log"),
        pace: 50
      }
      assert.strictEqual(yield* killedAfter(15, scene), "SIGKILL")
      assert.strictEqual(fs.readdirSync(to).length, 2)
      const revert = [program("run.js"), "revert", JSON.stringify(scene)]
      const { status, stderr } = spawnSync(process.execPath, revert, { encoding: "utf8" })
      assert.deepStrictEqual([status, stderr], [0, ""])
      assert.deepStrictEqual(fs.readdirSync(to), ["letter.txt"])
    })
  )

  it("says in one line why there is nothing to show", () => {
    const { status, stderr, stdout } = demo("/nonexistent")
    assert.deepStrictEqual([status, stdout, stderr], [1, "", "demo: there is no folder /nonexistent\n"])
  })
})
