import { createHash, generateKeyPairSync, verify } from "node:crypto"
import * as fs from "node:fs"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { release, Signer, signerOf, story } from "../../examples/release.js"
import { TaskEngine } from "../../src/index.js"
import { diesAnywhere } from "../../src/testing/Crashes.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"
import { engine, entries, memory } from "../support/engines.js"
import { tree, write } from "./support/Folder.js"
import { printed } from "./support/Printed.js"

const { privateKey, publicKey } = generateKeyPairSync("ed25519")
const world = Layer.merge(NodeFileSystem.layer, signerOf(privateKey))

const files = {
  "package.json": JSON.stringify({ name: "@demo/tide", version: "1.2.0", files: ["lib", "README"] }),
  "lib/high.js": "export const high = 1",
  "lib/deep/low.js": "export const low = 0",
  README: "the tide",
  "CHANGELOG.md": "# Changelog\n\n## 1.2.0\n\n- low tide\n\n## 1.1.0\n\n- high tide\n"
}

/** A package, and a folder for releases in which there is one already. */
const shop = Effect.map(temporaryFolder, (root) => {
  write(join(root, "package"), files)
  write(join(root, "releases"), { LATEST: "@demo-tide-1.1.0" })
  return { from: join(root, "package"), to: join(root, "releases") }
})

const published = "@demo-tide-1.2.0"

const isReleased = (to: string, where = ""): void => {
  const { [`${published}/SHA256SUMS.sig`]: signature, [`${published}/SHA256SUMS`]: sums, ...rest } = tree(to)
  const texts = {
    "bundle.txt":
      "=== README\nthe tide\n=== lib/deep/low.js\nexport const low = 0\n=== lib/high.js\nexport const high = 1",
    "NOTES.md": "## 1.2.0\n\n- low tide\n"
  }
  assert.deepStrictEqual(
    rest,
    {
      [`${published}/`]: "",
      [`${published}/NOTES.md`]: texts["NOTES.md"],
      [`${published}/bundle.txt`]: texts["bundle.txt"],
      LATEST: published
    },
    where
  )
  const summed = Object.entries(texts).map(
    ([name, text]) => `${createHash("sha256").update(text).digest("hex")}  ${name}\n`
  )
  assert.strictEqual(sums, summed.join(""), where)
  assert.isTrue(verify(null, Buffer.from(sums!), publicKey, Buffer.from(signature!, "base64")), where)
}

/** The phases that an engine has run since it claimed the execution. */
const ranSince = (kept: ReturnType<typeof memory>, id: string): ReadonlyArray<string> => {
  const all = entries(kept, id)
  return all
    .slice(all.findLastIndex(({ _tag }) => _tag === "Claimed"))
    .flatMap((entry) =>
      (entry._tag === "PhaseStarted" && entry.kind === "phase") || entry._tag === "AttemptStarted" ? [entry.path] : []
    )
}

describe("the example release", () => {
  it.scopedLive("publishes a bundle, notes, sums and their signature, and answers where", () =>
    Effect.gen(function* () {
      const { from, to } = yield* shop
      assert.deepStrictEqual(yield* printed(story("r1", from, to)), [
        `r1: release ${from}`,
        "  folder: succeeded",
        "  read: succeeded",
        "  release/before: succeeded",
        "  release/bundle: succeeded",
        "  release/check: succeeded",
        "  release/latest: succeeded",
        "  release/notes: succeeded",
        "  release/publish: succeeded",
        "  release/sign: succeeded",
        `  Completed: ${to}/${published}`
      ])
      isReleased(to)
    }).pipe(Effect.provide(Layer.merge(world, TaskEngine.layerMemory)))
  )

  it.scopedLive("goes on with the nodes that are missing when its process is killed in the middle", () =>
    Effect.gen(function* () {
      const payload = yield* shop
      const kept = memory()
      const asked = yield* Deferred.make<void>()
      const slow = Layer.succeed(Signer, {
        sign: () => Effect.zipRight(Deferred.succeed(asked, undefined), Effect.never)
      })
      const first = yield* engine(kept)
      const execution = release.execute(payload, { id: "r1" })
      yield* Effect.forkDaemon(first.run(Effect.provide(execution, Layer.merge(slow, NodeFileSystem.layer))))
      yield* Deferred.await(asked)
      yield* first.kill
      assert.deepStrictEqual(fs.readFileSync(join(payload.to, "LATEST"), "utf8"), "@demo-tide-1.1.0")

      const second = yield* engine(kept)
      const answer = yield* second.run(Effect.provide(execution, world))
      assert.strictEqual(answer, join(payload.to, published))
      const ran = ranSince(kept, "r1").filter((path) => path !== "release/check")
      assert.deepStrictEqual(ran, ["release/sign", "release/publish", "release/latest"])
      isReleased(payload.to)
    })
  )

  it.scopedLive("ends the same wherever its process dies", () =>
    Effect.gen(function* () {
      const deaths = yield* diesAnywhere(
        shop,
        (payload) => Effect.provide(release.execute(payload, { id: "r1" }), world),
        ({ to }, exit, where, kept) => {
          assert.strictEqual(exit._tag, "Success", `${where}: ${String(exit)}`)
          isReleased(to, where)
          const done = entries(kept, "r1").flatMap((entry) => (entry._tag === "PhaseSucceeded" ? [entry.path] : []))
          assert.strictEqual(new Set(done).size, done.length, where)
        }
      )
      assert.isAbove(deaths, 10)
    })
  )

  it.scopedLive("takes back what is published when the last node fails", () =>
    Effect.gen(function* () {
      const { from, to } = yield* shop
      fs.rmSync(join(to, "LATEST"))
      fs.mkdirSync(join(to, "LATEST"))
      const lines = yield* printed(story("r2", from, to))
      assert.deepStrictEqual(lines.slice(1, -1), [
        "  folder: undone",
        "  read: succeeded",
        "  release/before: succeeded",
        "  release/bundle: succeeded",
        "  release/check: succeeded",
        "  release/latest: failed",
        "  release/notes: succeeded",
        "  release/publish: undone",
        "  release/sign: succeeded"
      ])
      assert.include(lines.at(-1), "Reverted: ")
      assert.include(lines.at(-1), "LATEST")
      assert.deepStrictEqual(tree(to), { "LATEST/": "" })
    }).pipe(Effect.provide(Layer.merge(world, TaskEngine.layerMemory)))
  )

  it.scopedLive("leaves nothing of a package that it rejects, whatever was under way beside the check", () =>
    Effect.gen(function* () {
      const { from, to } = yield* shop
      write(from, { "lib/high.js": "let high\n  debugger" })
      const error = yield* Effect.flip(release.execute({ from, to }, { id: "r3" }))
      assert.deepInclude(error, { _tag: "Rejected", file: "lib/high.js", reason: "line 2 stops the debugger" })
      assert.strictEqual((yield* TaskEngine.status("r3")).status, "Reverted")
      assert.deepStrictEqual(tree(to), { LATEST: "@demo-tide-1.1.0" })
    }).pipe(Effect.provide(Layer.merge(world, TaskEngine.layerMemory)))
  )
})
