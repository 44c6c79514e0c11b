import * as fs from "node:fs"
import { join } from "node:path"
import { SystemError } from "@effect/platform/Error"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  carefulDigest,
  digest,
  makeDigest,
  Outbox,
  outboxIn,
  outboxOnConsole,
  parts,
  story
} from "../../examples/altering.js"
import { Phase, TaskEngine } from "../../src/index.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"
import { tree, write } from "./support/Folder.js"
import { printed } from "./support/Printed.js"

const engine = Layer.merge(TaskEngine.layerMemory, NodeFileSystem.layer)

/** A folder with something to tell of. */
const folder = Effect.tap(temporaryFolder, (root) =>
  write(root, { ".hidden": "psst", "a.txt": "one", "b.txt": "three" })
)

describe("the example altering", () => {
  it.scopedLive("runs a task as it is, with a part replaced, and with parts wrapped", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const lines = yield* printed(story(root))
      assert.deepStrictEqual(
        lines.flatMap((line) => line.replaceAll(root, "ROOT").split("\n")),
        [
          "digest:",
          "  | ROOT",
          "  | 4 .hidden",
          "  | 3 a.txt",
          "  | 5 b.txt",
          "  sent to the console: collect, render, deliver",
          "json-digest:",
          '  | {"folder":"ROOT","files":[{"name":".hidden","size":4},{"name":"a.txt","size":3},{"name":"b.txt","size":5}]}',
          "  sent to the console: collect, render, deliver",
          "careful-digest:",
          "  attempt 1",
          "  | ROOT",
          "  | 3 a.txt",
          "  | 5 b.txt",
          "  sent to the console: collect visible, collect visible/collect, render, deliver twice if need be, " +
            "deliver twice if need be/announce, deliver twice if need be/deliver"
        ]
      )
    }).pipe(Effect.provide(Layer.merge(engine, outboxOnConsole)))
  )

  it("takes no part that answers something else", () => {
    // @ts-expect-error a digest's text is a string
    const wrong = makeDigest("wrong", { ...parts, render: () => Phase.make("render", Effect.succeed(1)) })
    assert.strictEqual(wrong.name, "wrong")
  })

  it.scopedLive("delivers where the layer says, and takes it back from there", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const outbox = yield* temporaryFolder
      const live = Layer.provide(outboxIn(outbox), NodeFileSystem.layer)
      yield* Effect.gen(function* () {
        const receipt = yield* digest.execute({ folder: root }, { id: "d1" })
        assert.deepStrictEqual(tree(outbox), { [receipt]: `${root}\n4 .hidden\n3 a.txt\n5 b.txt` })
        yield* TaskEngine.revert("d1")
      }).pipe(Effect.provide(Layer.provideMerge(digest.layer, Layer.merge(engine, live))))
      assert.deepStrictEqual(fs.readdirSync(outbox), [])
    })
  )

  it.scopedLive("tries a wrapped part again as a whole", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const sent: Array<string> = []
      const busy = new SystemError({ module: "FileSystem", method: "send", reason: "Busy" })
      const shaky = Layer.succeed(Outbox, {
        send: (_text, key) => {
          sent.push(key)
          return sent.length === 1 ? busy : Effect.succeed("the second")
        },
        recall: () => Effect.void
      })
      const lines = yield* printed(
        Effect.gen(function* () {
          const receipt = yield* carefulDigest.execute({ folder: join(root) }, { id: "c1" })
          assert.strictEqual(receipt, "the second")
        }).pipe(Effect.provide(Layer.merge(engine, shaky)))
      )
      assert.deepStrictEqual(lines, ["  attempt 1", "  attempt 2"])
      assert.notStrictEqual(sent[0], sent[1], "another attempt of a group has other keys")
    })
  )
})
