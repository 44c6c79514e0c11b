/** The whole command in this process: from its arguments to its exit code, over a file, with tasks of a test. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Main from "../../../src/cli/Main.js"
import { Screen } from "../../../src/cli/Screen.js"
import type { TaskEngine } from "../../../src/index.js"
import { temporaryFolder } from "../../store/support/TemporaryFolder.js"
import { device } from "./device.js"

/** What the modules of tests are made from: by folder. */
const given = globalThis as unknown as Record<string, unknown>

export interface Told {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A folder with a database, or where there will be one, and a module of these tasks. */
export const command = Effect.fnUntraced(function* (
  tasks: ReadonlyArray<{ readonly layer: Layer.Layer<never, never, TaskEngine> }>
) {
  const folder = yield* temporaryFolder
  const db = path.join(folder, "tidemark.db")
  const module = path.join(folder, "tasks.mjs")
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      given[folder] = Layer.mergeAll(Layer.empty, ...tasks.map(({ layer }) => layer))
      fs.writeFileSync(module, `export default globalThis[${JSON.stringify(folder)}]`)
    }),
    () => Effect.sync(() => delete given[folder])
  )
  const answering =
    (answer: string | undefined) =>
    (...args: ReadonlyArray<string>): Effect.Effect<Told> => {
      const { kept, made } = device(undefined, false, answer)
      const end = args.indexOf("--")
      const at = end < 0 ? args.length : end
      const whole = [...args.slice(0, at), "--db", db, ...args.slice(at)]
      return Effect.map(Effect.provideService(Main.run(whole, "1.2.3"), Screen, made), (code) => ({ code, ...kept }))
    }
  return { folder, db, module, tidemark: answering(undefined), answering }
})

export type Command = Effect.Effect.Success<ReturnType<typeof command>>

/** What was printed, whatever lines and cells it is in. */
export const flat = (text: string): string => text.replaceAll(/\s+/g, " ")
