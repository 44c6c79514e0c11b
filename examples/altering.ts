/**
 * Altering somebody's task without forking it. `digest` lists a folder, renders a text and delivers it. It leaves two
 * places open: a service, for how what it does is done, and its parts, for what it does. So others change either, and
 * keep all the rest: the schemas, the order, the records, the revert. All of it is typed.
 *
 *     npm run build && node dist/examples/altering.js FOLDER [OUTBOX]
 *
 * OUTBOX is a folder that is there already; without it, digests go to the console.
 */
import { realpathSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task, TaskEngine } from "tidemark"

// The author's side.

export interface File {
  readonly name: string
  readonly size: number
}

/** What varies from place to place, and not from task to task: where a digest goes. */
export class Outbox extends Context.Tag("examples/Outbox")<
  Outbox,
  {
    /** answers a receipt, the same one for the same key */
    readonly send: (text: string, key: string) => Effect.Effect<string, PlatformError>
    readonly recall: (receipt: string) => Effect.Effect<void, PlatformError>
  }
>() {}

/**
 * The parts: makers of phases, by name. What a part answers and fails with is fixed, for the others and the task's schemas
 * build on it; what it requires is its own: a type parameter for each.
 */
export interface Parts<R1, R2, R3> {
  readonly collect: (folder: string) => Phase.Phase<ReadonlyArray<File>, PlatformError, R1>
  readonly render: (folder: string, files: ReadonlyArray<File>) => Phase.Phase<string, PlatformError, R2>
  readonly deliver: (text: string) => Phase.Phase<string, PlatformError, R3>
}

const list = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem
  const names = (yield* fs.readDirectory(folder)).sort()
  return yield* Effect.forEach(names, (name) =>
    Effect.map(fs.stat(join(folder, name)), ({ size }): File => ({ name, size: Number(size) }))
  )
})

const asText = (folder: string, files: ReadonlyArray<File>) =>
  [folder, ...files.map(({ name, size }) => `${size} ${name}`)].join("\n")

const send = (text: string) =>
  Effect.flatMap(Phase.key, (key) => Effect.flatMap(Outbox, (outbox) => outbox.send(text, key)))
const recall = (receipt: string) => Effect.flatMap(Outbox, (outbox) => outbox.recall(receipt))

/** The parts as the author has them: take these, and replace or wrap some. */
export const parts = {
  collect: (folder: string) => Phase.make("collect", list(folder)),
  render: (folder: string, files: ReadonlyArray<File>) =>
    Phase.make(
      "render",
      Effect.sync(() => asText(folder, files))
    ),
  deliver: (text: string) => Phase.make("deliver", { run: send(text), undo: recall })
}

/** The task, of whatever parts. A name for each composition: their journals differ. */
export const makeDigest = <const Name extends string, R1, R2, R3>(name: Name, parts: Parts<R1, R2, R3>) =>
  Task.make(name, {
    payload: { folder: Schema.String },
    success: Schema.String,
    error: PlatformError,
    onFailure: "revert",
    *run({ folder }) {
      const files = yield* parts.collect(folder)
      const text = yield* parts.render(folder, files)
      return yield* parts.deliver(text)
    }
  })

export const digest = makeDigest("digest", parts)

/** An outbox that is a folder: each digest is a file. */
export const outboxIn = (folder: string) =>
  Layer.effect(
    Outbox,
    Effect.map(FileSystem, (fs) => ({
      send: (text: string, key: string) => {
        const receipt = `digest-${key.slice(0, 8)}.txt`
        return Effect.as(fs.writeFileString(join(folder, receipt), text), receipt)
      },
      recall: (receipt: string) => fs.remove(join(folder, receipt), { force: true })
    }))
  )

// Others, who import the task.

/** Another service: the same task, delivered elsewhere. No new name: its journal is the same. */
export const outboxOnConsole = Layer.succeed(Outbox, {
  send: (text) => Effect.as(Console.log(text.replace(/^/gm, "  | ")), "the console"),
  recall: () => Console.log("  | (disregard this)")
})

/** A part replaced: another phase, that answers the same. */
export const jsonDigest = makeDigest("json-digest", {
  ...parts,
  render: (folder, files) => Phase.make("render", Effect.succeed(JSON.stringify({ folder, files })))
})

/** Parts wrapped: in a group, what comes before and after the original is recorded too, and it is tried again as a whole. */
export const carefulDigest = makeDigest("careful-digest", {
  ...parts,
  collect: (folder) =>
    Phase.group("collect visible", function* () {
      const files = yield* parts.collect(folder)
      return files.filter(({ name }) => !name.startsWith("."))
    }),
  deliver: (text) =>
    Phase.group(
      "deliver twice if need be",
      function* (attempt) {
        yield* Phase.make("announce", Console.log(`  attempt ${attempt}`))
        return yield* parts.deliver(text)
      },
      { retry: Retry.times(2) }
    )
})

/** Runs a variant of the task, and prints what it answers and which phases that took. */
const tell = Effect.fnUntraced(function* <Name extends string, R>(
  task: Task.Task<Name, { readonly folder: string }, string, PlatformError, R>,
  folder: string
) {
  yield* Console.log(`${task.name}:`)
  const receipt = yield* task.execute({ folder }, { id: `${task.name}-1` })
  const { phases } = yield* TaskEngine.status(`${task.name}-1`)
  yield* Console.log(`  sent to ${receipt}: ${phases.map(({ path }) => path).join(", ")}`)
})

/** All variants, with whatever outbox there is. */
export const story = Effect.fnUntraced(function* (folder: string) {
  yield* tell(digest, folder)
  yield* tell(jsonDigest, folder)
  yield* tell(carefulDigest, folder)
})

class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {}

const main = Effect.gen(function* () {
  const [folder, outbox] = process.argv.slice(2)
  if (folder === undefined)
    return yield* new Usage({ message: "usage: node dist/examples/altering.js FOLDER [OUTBOX]" })
  const live = Layer.merge(
    outbox === undefined ? outboxOnConsole : outboxIn(resolve(outbox)),
    TaskEngine.layerMemory
  ).pipe(Layer.provideMerge(NodeFileSystem.layer))
  yield* Effect.provide(story(resolve(folder)), live)
}).pipe(Effect.tapError((error) => Console.error(error.message)))

const isProgram = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
if (isProgram) NodeRuntime.runMain(main, { disableErrorReporting: true })
