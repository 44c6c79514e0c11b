import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Acted } from "../../src/cli/Acted.js"
import type { Changing } from "../../src/cli/Arguments.js"
import * as Bulk from "../../src/cli/Bulk.js"
import * as Control from "../../src/cli/Control.js"
import * as Filter from "../../src/cli/Filter.js"
import * as Refusals from "../../src/cli/Refusals.js"
import { Screen } from "../../src/cli/Screen.js"
import type { Action } from "../../src/core/Action.js"
import { Phase, Task } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { asked, engine, idle } from "../support/engines.js"
import { device } from "./support/device.js"

const job = Task.make("job", {
  payload: { ok: Schema.Boolean },
  *run({ ok }) {
    yield* Phase.make("try", ok ? Effect.void : Effect.die("no"))
  }
})

const given: Changing = {
  db: "memory",
  tasks: undefined,
  yes: true,
  dryRun: false,
  reason: undefined,
  by: "ann",
  json: true
}

const decode = Schema.decodeUnknownSync(Schema.parseJson(Acted), { onExcessProperty: "error" })

describe("a verb with --where", () => {
  it.scoped("is asked of all that the filter names, up to a limit, each told of on its own", () =>
    Effect.gen(function* () {
      const memory = MemoryStore.memory()
      const live = yield* engine(memory, [job], { inbox: "100 millis" })
      for (const id of ["a", "b", "c"]) yield* Effect.exit(live.run(job.execute({ ok: false }, { id })))
      yield* live.run(job.execute({ ok: true }, { id: "d" }))
      yield* idle
      const store = fromEncoded(yield* MemoryStore.make(memory))
      const control = yield* Control.over(store, Effect.succeed({ pid: 7, state: "running" }))
      const run = (where: ReadonlyArray<string>, limit: number, action: Action, more: Partial<Changing> = {}) =>
        Effect.gen(function* () {
          const { kept, made } = device(80)
          const acting = Bulk.act(control, { ...given, ...more }, { where, limit }, action)
          const ended = yield* Effect.either(
            asked(Effect.scoped(Effect.mapError(Effect.provideService(acting, Screen, made), Refusals.of)))
          )
          const lines = kept.out.split("\n").slice(0, -1)
          return { code: ended._tag === "Left" ? ended.left.code : 0, lines, ...kept }
        })
      const status = (id: string) => memory.executions.get(id)?.row.status
      const planned = yield* run(["status=failed"], 10, { _tag: "close" }, { dryRun: true })
      assert.deepStrictEqual(
        planned.lines.map((line) => decode(line).outcome),
        ["planned", "planned", "planned"]
      )
      assert.strictEqual(status("a"), "Failed")
      const page = yield* run(["status=failed"], 2, { _tag: "close" }, { dryRun: true, json: false })
      assert.match(page.out, /^close: 2 executions; there are more than --limit 2\n/)
      const closed = yield* run(["status=failed", "text=A"], 10, { _tag: "close" })
      assert.deepStrictEqual([closed.code, closed.lines.map((line) => decode(line).id)], [0, ["a"]])
      assert.strictEqual(status("a"), "Closed")
      const mixed = yield* run(["task=job"], 10, { _tag: "pause" })
      assert.strictEqual(mixed.code, 3)
      assert.deepStrictEqual(
        mixed.lines.map((line) => decode(line).outcome),
        new Array(4).fill("refused")
      )
      const others = yield* run(["failed-with=died"], 10, { _tag: "close" })
      assert.deepStrictEqual([others.code, others.out, others.err].slice(0, 1), [0], others.out)
      assert.deepStrictEqual([status("b"), status("c"), status("d")], ["Closed", "Closed", "Completed"])
    })
  )

  it.effect("refuses a filter that it does not understand, naming what was meant", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [string, RegExp, RegExp]> = [
        ["statu=Failed", /nothing called statu/, /status/],
        ["status=odd", /no status odd/, /Pending/],
        ["since", /since has no value/, /since=VALUE|did you mean since/],
        ["since=yesterday", /yesterday is no time/, /15m/],
        ["__proto__=x", /nothing called __proto__/, /KEY=VALUE/]
      ]
      for (const [text, what, next] of cases) {
        const refused = yield* Effect.flip(Filter.parse([text], 0))
        assert.strictEqual(refused.code, 2)
        assert.match(refused.what ?? "", what)
        assert.match(refused.next ?? "", next)
      }
      const query = yield* Filter.parse(["since=2h", "until=2026-11-21T20:00Z", "text=a=b"], 7_200_000)
      assert.deepStrictEqual(query, { since: 0, until: Date.UTC(2026, 10, 21, 20), text: "a=b" })
    })
  )
})
