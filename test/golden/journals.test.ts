/**
 * Journals of the examples, kept in the files beside this: `npx vitest run test/golden -u` writes them anew. Where an entry
 * changes on purpose, keep the old file under another name: executions of that time are still about.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { approval } from "../../examples/approval.js"
import { placeOrder, shopInMemory } from "../../examples/place-order.js"
import { Bank, subscription } from "../../examples/subscription.js"
import * as Exported from "../../src/cli/Exported.js"
import { Errors, Phase, Task } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { checkJournals } from "../../src/testing/index.js"
import { printed } from "../cli/support/device.js"
import { printed as quietly } from "../examples/support/Printed.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"
import { type Engine, engine, idle, memory } from "../support/engines.js"

const folder = path.join(import.meta.dirname)
const ids = ["order-1", "order-2", "contract", "customer"]

/** Everything that the examples do in a month. */
const live = ({ run }: Engine) =>
  Effect.gen(function* () {
    const orders = Effect.zip(
      placeOrder.execute({ sku: "tea", card: "4242" }, { id: "order-1" }),
      Effect.exit(placeOrder.execute({ sku: "tea", card: "0000" }, { id: "order-2" }))
    )
    const ordering = yield* Effect.fork(run(Effect.provide(orders, shopInMemory)))
    yield* idle
    yield* TestClock.adjust("1 second")
    yield* Fiber.join(ordering)
    yield* run(approval.start({ document: "a contract", deadline: Duration.hours(1) }, { id: "contract" }))
    const bank = { charge: () => Effect.void }
    const paying = yield* Effect.fork(
      run(Effect.provideService(subscription.execute({ customer: "ann" }, { id: "customer" }), Bank, bank))
    )
    yield* idle
    for (const step of ["2 hours", "20 days", "20 days"] as const) {
      yield* TestClock.adjust(step)
      yield* idle
    }
    yield* Fiber.interrupt(paying)
  })

describe("the journals of the examples", () => {
  it.scoped("are written as they were", () =>
    Effect.gen(function* () {
      const store = memory()
      let tokens = 0
      const fixed = { newId: Effect.succeed("engine-1"), newToken: () => `token-${++tokens}` }
      yield* TestClock.setTime(Date.UTC(2026, 10, 21))
      yield* quietly(Effect.flatMap(engine(store, [approval], fixed), (here) => Effect.zipRight(live(here), here.end)))
      const encoded = yield* MemoryStore.make(store)
      for (const id of ids) {
        const text = yield* printed(Exported.run(encoded, 0, { id, out: undefined }))
        yield* Effect.promise(() => expect(text).toMatchFileSnapshot(`${id}.json`))
      }
    })
  )

  it.effect("fit the examples", () =>
    Effect.gen(function* () {
      const found = yield* checkJournals(folder, [placeOrder, approval, subscription])
      assert.includeMembers(
        found.map(({ file, reverts, status, verdict }) => [file, status, verdict, reverts].join(" ")),
        [
          "contract.json Waiting fits yes",
          "customer.json Waiting fits yes",
          "order-1.json Completed fits yes",
          "order-2.json Reverted fits yes"
        ]
      )
      assert.isTrue(found.every(({ verdict }) => verdict === "fits"))
    })
  )
})

const other = Task.make("place-order", {
  payload: { sku: Schema.String, card: Schema.String },
  *run() {
    yield* Phase.make("another", Effect.void)
  }
})

describe("checkJournals", () => {
  it.effect("tells what does not fit, and which task is missing", () =>
    Effect.gen(function* () {
      const found = yield* checkJournals(folder, [other])
      const [contract, , order] = found
      assert.deepInclude(contract, { execution: "contract", task: "approval", verdict: "missing" })
      assert.deepInclude(order, { file: "order-1.json", verdict: "differs", path: "reserve", cause: "renamed" })
    })
  )

  it.scoped("refuses what is no journal that it can read, and says what it is", () =>
    Effect.gen(function* () {
      const place = yield* temporaryFolder
      const refused = (name: string, text: string | undefined) =>
        Effect.suspend(() => {
          if (text !== undefined) fs.writeFileSync(path.join(place, "a.json"), text)
          return Effect.flip(checkJournals(name, [placeOrder]))
        })
      const text = fs.readFileSync(path.join(folder, "order-1.json"), "utf8")
      const cases: ReadonlyArray<readonly [string, string | undefined, RegExp]> = [
        ["/no/such/folder", undefined, /ENOENT/],
        [place, undefined, /there is no \.json file in it/],
        [place, "", /a\.json cannot be checked: it is no JSON/],
        [place, "[]", /it is no exported execution at \$: /],
        [
          place,
          text.replace('"format":"tidemark-execution","version":1', '"format":"tidemark-execution","version":2'),
          /it is of a newer tidemark: format 2, schema \d+; this one knows 1 and \d+/
        ],
        [place, text.replace('"seq":3', '"seq":4'), /expected entry 3, found 4/],
        [place, text.replace("hold-1", "hold-2"), /its content does not match its checksum/],
        [place, text.replace('"task":"place-order","version":1', '"task":"x","version":1'), /it is of task place-order/]
      ]
      for (const [name, content, wrong] of cases) {
        const error = yield* refused(name, content)
        assert.instanceOf(error, Errors.ExportUnreadable)
        assert.match(error.message, wrong)
      }
      const twice = Effect.catchAllDefect(checkJournals(folder, [placeOrder, placeOrder]), (defect) =>
        Effect.succeed(String(defect))
      )
      assert.include(yield* twice, "two tasks called place-order of version 1")
    })
  )
})
