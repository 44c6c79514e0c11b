import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { story } from "../../examples/changing.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"
import { printed } from "./support/Printed.js"

describe("the example changing", () => {
  it.scopedLive("has executions go on with a second release, each in its way", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      assert.deepStrictEqual(yield* printed(story(join(folder, "changing.db"))), [
        "the first release",
        "  reserve",
        "  reserve",
        "  ship",
        "  collect",
        "  move kitchen and attic",
        "  log in",
        "  page 1",
        "the second release",
        "order-1 goes on",
        "  check the address",
        "  ship",
        "order-2 goes on",
        "  thank",
        "report-1 goes on",
        "  print",
        "import-1 goes on",
        "  page 2",
        "  page 3",
        "report-2 begins",
        "  publish",
        "move-1 is carried over",
        "  move cellar",
        "  move garden",
        "move-1 is Completed, with version 2"
      ])
    })
  )
})
