import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { gated, type Log, never, undoable } from "../support/phases.js"

const id = "p1"

/** A child whose second phase never ends, and has a clean-up. */
const waiting = (log: Log) =>
  Task.make("kid", {
    *run() {
      try {
        yield* undoable(log, "kid a")
        yield* gated(log, "kid b", never)
      } finally {
        yield* Phase.make("clean", log.note("kid clean"))
      }
    }
  })

/** Calls a child, and fails when the gate opens. */
const failing = (log: Log, gate: Deferred.Deferred<void>) =>
  Phase.all([waiting(log).phase({}), Phase.make("no", Effect.zipRight(Deferred.await(gate), Effect.fail("no")))])

const closedBy = (store: ReturnType<typeof memory>, child: string) => {
  const closing = entries(store, child).find((entry) => entry._tag === "Closing")
  return closing?._tag === "Closing" ? closing.act.by : undefined
}

describe("a clean-up that fails", () => {
  for (const dies of [false, true])
    for (const revert of [false, true])
      it.scoped(`closes the child that it leaves: dies ${dies}, reverts ${revert}`, () =>
        Effect.gen(function* () {
          const log = logbook()
          const gate = yield* Deferred.make<void>()
          const task = Task.make("t", {
            error: Schema.String,
            *run() {
              try {
                yield* Phase.make("a", Effect.never)
              } finally {
                try {
                  yield* failing(log, gate)
                } finally {
                  yield* Phase.make("last", log.note("last"))
                }
              }
            }
          })
          const store = memory()
          const child = "p1/close/all/kid"
          const first = yield* engine(store, [task])
          yield* first.run(task.start({}, { id }))
          yield* recorded(store, id, "PhaseStarted", "a")
          const closing = yield* Effect.fork(first.service.close(id, { revert }))
          yield* recorded(store, child, "PhaseStarted", "kid b")
          if (dies) {
            yield* Effect.zipRight(idle, first.kill)
            yield* Deferred.succeed(gate, undefined)
            const second = yield* engine(store, [task])
            assert.strictEqual((yield* second.service.settled(id)).status, revert ? "Reverted" : "Closed")
          } else {
            yield* Deferred.succeed(gate, undefined)
            assert.strictEqual((yield* closing).status, revert ? "Reverted" : "Closed")
          }
          assert.strictEqual(tags(store, child).at(-1), "Closed")
          assert.strictEqual(closedBy(store, child), id)
          assert.deepStrictEqual(log.lines.slice(-2), ["last", "kid clean"])
        })
      )

  it.scoped("closes the child that it leaves in each attempt of a group, before the next one begins", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* () {
              try {
                yield* Phase.make(
                  "a",
                  Effect.suspend(() => Effect.fail(log.note("a") && "no"))
                )
              } finally {
                yield* failing(log, gate)
              }
            },
            { retry: Retry.times(3) }
          )
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      const children = [...store.executions.keys()].filter((key) => key !== id)
      assert.deepStrictEqual(children, ["p1/g/close/all/kid", "p1/g/close/all/kid~g1"])
      for (const child of children) {
        assert.strictEqual(tags(store, child).at(-1), "Closed")
        assert.strictEqual(closedBy(store, child), id)
      }
    })
  )
})
