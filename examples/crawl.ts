/**
 * Follows a folder: copies its files into another one in the order of their names, three to a page, each page a stage that
 * enters the next. However long it runs, it resumes on the page where it was; and it keeps the last five, so that it can go on
 * for ever.
 *
 *     npm run build && node dist/examples/crawl.js FROM TO [SECONDS]
 *
 * TO is a folder that is there already. With SECONDS it never ends, but looks so often for files that have come since: end
 * it with Ctrl-C, and the same again goes on. Without, it ends with the first page that is empty.
 */
import { realpathSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

/** The folders, and the seconds between two looks at an empty page; 0: it ends there. */
const Route = { from: Schema.String, to: Schema.String, every: Schema.Number }

/** What a page has to know: all that came before it is told by its last name, and a number. */
const Page = Task.stage("page", { state: { ...Route, after: Schema.String, copied: Schema.Number } })

const size = 3

/** The next names, in their order. */
const list = Effect.fnUntraced(function* (folder: string, after: string) {
  const names = yield* Effect.flatMap(FileSystem, (fs) => fs.readDirectory(folder))
  return names
    .filter((name) => name > after)
    .sort()
    .slice(0, size)
})

const copy = (from: string, to: string) => Effect.flatMap(FileSystem, (fs) => fs.copyFile(from, to))

const remove = (path: string) => Effect.flatMap(FileSystem, (fs) => fs.remove(path, { force: true }))

export const crawl = Task.make("crawl", {
  payload: Route,
  success: Schema.Number,
  error: PlatformError,
  keep: { last: 5 },
  stages: [
    Page.body(function* (page) {
      const { after, copied, every, from, to } = page
      const names = yield* Phase.make("list", list(from, after))
      const last = names[names.length - 1]
      if (last === undefined) {
        if (every === 0) return copied
        yield* Phase.sleep("look again", every * 1_000)
        return yield* Page.enter(page)
      }
      yield* Phase.forEach(
        "copy",
        names,
        (name) => {
          const undo = () => remove(join(to, name))
          return Phase.make(name, { run: copy(join(from, name), join(to, name)), undo, undoUnknown: undo })
        },
        { key: (name) => name, concurrency: 2 }
      )
      return yield* Page.enter({ ...page, after: last, copied: copied + names.length })
    })
  ],
  *run(route) {
    return yield* Page.enter({ ...route, after: "", copied: 0 })
  }
})

/** Copies, and prints how many there are once there are no more. */
export const story = Effect.fnUntraced(function* (id: string, from: string, to: string, every: number) {
  yield* Console.log(`${id}: ${from}`)
  const copied = yield* crawl.execute({ from, to, every }, { id, resume: true })
  yield* Console.log(`  ${copied} files`)
})

class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {}

const main = Effect.gen(function* () {
  const [from, to, every = "0"] = process.argv.slice(2)
  if (from === undefined || to === undefined || !(Number(every) >= 0)) {
    return yield* new Usage({ message: "usage: node dist/examples/crawl.js FROM TO [SECONDS]" })
  }
  const engine = Layer.merge(Sqlite.layer({ filename: join(to, ".tidemark.db") }), NodeFileSystem.layer)
  yield* Effect.provide(story("crawl-1", resolve(from), resolve(to), Number(every)), engine)
}).pipe(Effect.tapError((error) => Console.error(error.message)))

const isProgram = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
if (isProgram) NodeRuntime.runMain(main, { disableErrorReporting: true })
