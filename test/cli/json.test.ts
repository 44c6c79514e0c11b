import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as Effect from "effect/Effect"
import * as JSONSchema from "effect/JSONSchema"
import * as Schema from "effect/Schema"
import * as Branching from "../../src/cli/Branching.js"
import * as History from "../../src/cli/History.js"
import { Listed } from "../../src/cli/Listing.js"
import * as Ls from "../../src/cli/Ls.js"
import type { Screen } from "../../src/cli/Screen.js"
import * as Show from "../../src/cli/Show.js"
import { Shown } from "../../src/cli/Shown.js"
import * as Tree from "../../src/cli/Tree.js"
import type { Store } from "../../src/store/Store.js"
import { printed } from "./support/device.js"
import { scene } from "./support/scene.js"

const ids = ["order-1", "order-2", "order-3", "batch-1", "batch-1/finish/convert", "broken-1"]

type Run = (store: Store, id: string) => Effect.Effect<unknown, unknown, Screen>

/** Each verb, and the schema of each line that it prints. */
const verbs: ReadonlyArray<readonly [string, Schema.Schema.AnyNoContext, Run]> = [
  [
    "ls",
    Listed,
    (store) =>
      Ls.run(store, {
        task: undefined,
        status: [],
        text: undefined,
        tag: [],
        since: undefined,
        until: undefined,
        failedWith: undefined,
        waitingOn: undefined,
        limit: 0,
        after: undefined,
        oldest: false,
        watch: false,
        json: true
      })
  ],
  ["show", Shown, (store, id) => Show.run(store, { id, all: false, json: true })],
  ["tree", Branching.Tree, (store, id) => Tree.run(store, { id, all: false, json: true })],
  ["history", History.Happened, (store, id) => History.run(store, { id, acts: false, json: true })]
]

const ajv = new Ajv({ strict: false })

describe("--json", () => {
  for (const [name, schema, run] of verbs) {
    it.scoped(`of ${name} is lines that fit its schema, and leave nothing out of it`, () =>
      Effect.gen(function* () {
        const store = yield* scene
        const fits = ajv.compile(JSONSchema.make(schema))
        const decode = Schema.decodeUnknownSync(schema, { onExcessProperty: "error" })
        for (const id of ids) {
          const lines = (yield* printed(run(store, id))).split("\n").slice(0, -1)
          assert.isAbove(lines.length, 0)
          for (const line of lines) {
            const value: unknown = JSON.parse(line)
            decode(value)
            assert.isTrue(fits(value), `${line}: ${JSON.stringify(fits.errors)}`)
          }
        }
      })
    )
  }
})
