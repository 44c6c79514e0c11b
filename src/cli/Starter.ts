/** `init`: a task of one's own to begin with, its test, and what it takes to run both. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Complaint from "./Complaint.js"
import * as Manifest from "./Manifest.js"
import * as Page from "./Page.js"
import * as Screen from "./Screen.js"

const tasks = `import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"

/** A piece of work: a second of it, so that there is time to kill it. */
const work = (text) => Effect.zipRight(Effect.sleep("1 second"), Console.log(text))

/** Every \`yield*\` is a phase: what is recorded of it never runs again, and a revert undoes what completed. */
export const greet = Task.make("greet", {
  payload: { names: Schema.Array(Schema.String) },
  success: Schema.Number,
  *run({ names }) {
    yield* Phase.make("open the door", { run: work("the door is open"), undo: () => work("the door is shut") })
    yield* Phase.forEach(
      "guests",
      names,
      (name) => Phase.make("greet", { run: work(\`hello \${name}\`), undo: () => work(\`goodbye \${name}\`) }),
      { key: (name) => name, concurrency: 1 }
    )
    return names.length
  }
})

/** What \`tidemark --tasks tasks.js\` runs: Layer.mergeAll(one.layer, another.layer), where there are more. */
export default greet.layer
`

const test = `import assert from "node:assert/strict"
import { test } from "node:test"
import * as Effect from "effect/Effect"
import { TaskEngine } from "tidemark"
import { greet } from "./tasks.js"

test("greets everybody", async () => {
  const program = greet.execute({ names: ["Ann"] }, { id: "party" })
  assert.equal(await Effect.runPromise(Effect.provide(program, TaskEngine.layerMemory)), 1)
})
`

/** What `npm install` makes where nothing is: dependencies, and nothing else. */
const present = (folder: string): { readonly dependencies?: object } | undefined => {
  const file = path.join(folder, "package.json")
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : undefined
}

const isFresh = (folder: string): boolean =>
  fs.readdirSync(folder).every((name) => ["node_modules", "package-lock.json", "package.json"].includes(name)) &&
  Object.keys(present(folder) ?? {}).every((key) => key === "dependencies")

const manifest = (folder: string): string => {
  const { peerDependencies, version } = Manifest.read()
  const name =
    path
      .basename(folder)
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, "-")
      .replace(/^[._-]+/, "") || "tasks"
  const scripts = {
    start: "tidemark start greet --tasks tasks.js --payload @guests.json --id party --follow",
    test: "node --test"
  }
  const dependencies = { ...peerDependencies, tidemark: `^${version}`, ...present(folder)?.dependencies }
  return `${JSON.stringify({ name, private: true, type: "module", scripts, dependencies }, null, 2)}\n`
}

const next: ReadonlyArray<readonly [string, string]> = [
  ["npm install", "what it takes"],
  ["npm test", "the task in memory"],
  ["npm start", "runs it; press Ctrl-C, or kill -9 it, and start it again: it goes on where it was"],
  ["npx tidemark show party", "its phases, and what to do next"],
  ["npx tidemark revert party --tasks tasks.js", "undoes what it did, the newest first"]
]

/** What was made, as `--json` has it. */
export const Made = Schema.Struct({ folder: Schema.String, files: Schema.Array(Schema.String) })
type Made = typeof Made.Type

/** Writes the starter into a folder that is empty, has but what `npm install` made, or is not there yet. */
export const run = Effect.fnUntraced(function* ({ folder, json }: { readonly folder: string; readonly json: boolean }) {
  const device = yield* Screen.Screen
  const real = path.resolve(folder)
  const files = {
    "tasks.js": tasks,
    "tasks.test.js": test,
    "guests.json": '{ "names": ["Ann", "Ben", "Cem", "Dua", "Eli"] }\n'
  }
  const written = yield* Effect.try({
    try: () => {
      fs.mkdirSync(real, { recursive: true })
      if (!isFresh(real)) return false
      fs.writeFileSync(path.join(real, "package.json"), manifest(real))
      for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(real, name), text, { flag: "wx" })
      return true
    },
    catch: (thrown) =>
      Complaint.refused(`${folder} cannot be written: ${(thrown as Error).message}`, "give a folder that is empty")
  })
  if (!written) return yield* Complaint.refused(`${folder} is not empty`, "tidemark init FOLDER makes a new one")
  const names = ["package.json", ...Object.keys(files)]
  yield* json
    ? device.out(Screen.json({ folder: real, files: names } satisfies Made))
    : Screen.print(device, [Page.flow(2, `${names.join(", ")} are in ${real}. Next, there:`), ...Page.glossary(next)])
})
