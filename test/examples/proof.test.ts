import * as fs from "node:fs"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Proof from "../../examples/mirror/proof.js"
import { mirror } from "../../examples/mirror/task.js"
import type { Ran } from "../../examples/mirror/witness.js"
import { TaskEngine } from "../../src/index.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"

const killed: Proof.AtTheKill = { pid: 1, recorded: ["a"], inFlight: { path: "b", name: "b" } }

const ran = (pid: number, path: string, key = path): Ran => ({ pid, attempt: 1, key, path })

const complaint = (log: ReadonlyArray<Ran>) =>
  Effect.match(Proof.ranOnce(log, ["a", "b", "c"], killed, 2), {
    onFailure: ({ message }) => message,
    onSuccess: (inFlight) => inFlight.length
  })

const mirrored = Effect.gen(function* () {
  const root = yield* temporaryFolder
  const from = join(root, "from")
  const to = join(root, "to")
  for (const folder of [from, to]) fs.mkdirSync(folder)
  fs.writeFileSync(join(from, "a"), "one")
  const before = yield* Proof.snapshot(to)
  const { published } = yield* mirror.execute({ from, to })
  return { before, from, published, to }
}).pipe(Effect.provide(TaskEngine.layerMemory))

describe("the demo's proof", () => {
  it.effect("takes a phase in flight that ran once or twice, and nothing else twice", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* complaint([ran(1, "a"), ran(2, "b"), ran(2, "c")]), 1)
      assert.strictEqual(yield* complaint([ran(1, "a"), ran(1, "b"), ran(2, "b"), ran(2, "c")]), 2)
      const again = yield* complaint([ran(1, "a"), ran(2, "a"), ran(2, "b"), ran(2, "c")])
      assert.strictEqual(again, "a should have run in process 1 alone, and ran in 1 and 2")
      const missing = yield* complaint([ran(1, "a"), ran(2, "b")])
      assert.strictEqual(missing, "c should have run in process 2 alone, and ran in no process")
      const keys = yield* complaint([ran(1, "a"), ran(1, "b", "k1"), ran(2, "b", "k2"), ran(2, "c")])
      assert.strictEqual(keys, "b ran with more than one key")
      const lost = yield* complaint([ran(1, "a"), ran(1, "b"), ran(2, "c")])
      assert.strictEqual(lost, "b, in flight at the kill, ran in 1")
    })
  )

  it.scoped("sees a copy that differs, a file too many, and a folder that is not as it was", () =>
    Effect.gen(function* () {
      const { before, from, published, to } = yield* mirrored
      assert.deepStrictEqual(yield* Proof.sameBytes(from, published), { files: 1, bytes: 3 })
      const changed = yield* Effect.flip(Proof.unchanged(before, to))
      assert.strictEqual(changed.message, `${published} is not as it was before the task`)
      fs.writeFileSync(join(published, "files/a"), "two")
      assert.strictEqual((yield* Effect.flip(Proof.sameBytes(from, published))).message, "the copy of a differs")
      fs.writeFileSync(join(published, "files/b"), "two")
      const more = yield* Effect.flip(Proof.sameBytes(from, published))
      assert.strictEqual(more.message, `${published} does not hold the files of ${from}`)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
