/** The whole command in this process: from its arguments to its exit code, over a file, with tasks of a test. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Main from "../../../src/cli/Main.js"
import { Screen } from "../../../src/cli/Screen.js"
import type { TaskEngine } from "../../../src/index.js"
import { Sqlite } from "../../../src/sqlite.js"
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
  const layer = Layer.mergeAll(Layer.empty, ...tasks.map(({ layer }) => layer))
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      given[folder] = layer
      fs.writeFileSync(module, `export default globalThis[${JSON.stringify(folder)}]`)
    }),
    () => Effect.sync(() => delete given[folder])
  )
  const start = (args: ReadonlyArray<string>, answer?: string) => {
    const { kept, made } = device(undefined, false, answer)
    const given = args[0] === "init" || args.includes("--db") ? [] : ["--db", db]
    return { kept, code: Effect.provideService(Main.run([...given, ...args], "1.2.3"), Screen, made) }
  }
  const ended = ({ code, kept }: ReturnType<typeof start>): Effect.Effect<Told> =>
    Effect.map(code, (found) => ({ code: found, ...kept }))
  const tidemark = (...args: ReadonlyArray<string>) => Effect.suspend(() => ended(start(args)))
  const answering = (answer: string, ...args: ReadonlyArray<string>) => Effect.suspend(() => ended(start(args, answer)))
  /** runs it, in the background of the test, once it has said something */
  const said = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
    const running = start(args)
    yield* Effect.forkScoped(running.code)
    while (running.kept.out === "") yield* Effect.sleep("5 millis")
    return running.kept
  })
  /** what an engine of ours does with the file before, or beside, a command */
  const engine = <A, E>(effect: Effect.Effect<A, E, TaskEngine>) =>
    Effect.provide(effect, Layer.provideMerge(layer, Sqlite.layer({ filename: db })))
  return { folder, db, module, engine, tidemark, answering, said }
})

export type Command = Effect.Effect.Success<ReturnType<typeof command>>

/** What was printed, whatever lines and cells it is in. */
export const flat = (text: string): string => text.replaceAll(/\s+/g, " ")
