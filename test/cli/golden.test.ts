import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as History from "../../src/cli/History.js"
import * as Ls from "../../src/cli/Ls.js"
import type { Screen } from "../../src/cli/Screen.js"
import * as Show from "../../src/cli/Show.js"
import * as Tree from "../../src/cli/Tree.js"
import type { Store } from "../../src/store/Store.js"
import { printed } from "./support/device.js"
import { scene } from "./support/scene.js"

const ls: Ls.Options = {
  task: undefined,
  status: [],
  text: undefined,
  tag: [],
  since: undefined,
  until: undefined,
  failedWith: undefined,
  waitingOn: undefined,
  limit: 50,
  after: undefined,
  oldest: false,
  watch: false,
  json: false
}

type Run = (store: Store) => Effect.Effect<unknown, unknown, Screen>

/** A verb about each execution. */
const each = (verb: string, run: (store: Store, id: string) => ReturnType<Run>): Record<string, Run> =>
  Object.fromEntries(
    ["order-1", "order-2", "order-3", "batch-1", "broken-1"].map((id) => [`${verb}-${id}`, (store) => run(store, id)])
  )

/** What each verb shows of the scene. */
const verbs: Record<string, Run> = {
  ls: (store) => Ls.run(store, ls),
  "ls-page": (store) => Ls.run(store, { ...ls, limit: 2, oldest: true, status: ["Failed", "Completed"] }),
  ...each("show", (store, id) => Show.run(store, { id, all: false, json: false })),
  ...each("tree", (store, id) => Tree.run(store, { id, all: false, json: false })),
  ...each("history", (store, id) => History.run(store, { id, acts: false, json: false }))
}

describe("what a verb shows", () => {
  it.scoped("is the same text for the same executions, at every width and without a terminal", () =>
    Effect.gen(function* () {
      const store = yield* scene
      for (const [name, run] of Object.entries(verbs)) {
        const texts: Array<string> = []
        for (const columns of [60, 80, 120, undefined]) {
          texts.push(`== ${columns ?? "no terminal"}\n${yield* printed(run(store), columns)}`)
        }
        yield* Effect.promise(() => expect(texts.join("\n")).toMatchFileSnapshot(`golden/${name}.txt`))
      }
    })
  )
})
