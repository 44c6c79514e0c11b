import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Tracer from "effect/Tracer"
import { Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { gated, type Log, never } from "../support/phases.js"

const id = "k1"

/** Where a phase says what it sees. */
class Notes extends Context.Tag("test/Notes")<Notes, { readonly note: (line: string) => Effect.Effect<void> }>() {}

const noteTo = (log: Log, prefix: string) => Layer.succeed(Notes, { note: (line) => log.note(`${prefix} ${line}`) })

const note = (line: string) => Effect.flatMap(Notes, (notes) => notes.note(line))

/** Everything that can run an effect, nested in everything else; `see` is what each of them runs. */
const everywhere = <R>(
  see: (where: string) => Effect.Effect<void, never, R>,
  hang: Effect.Effect<void> = Effect.void
) =>
  Task.make("everywhere", {
    error: Schema.String,
    onFailure: "revert",
    *run() {
      try {
        yield* Phase.all([
          Phase.make("all", see("all"), { undo: () => see("undo") }),
          Phase.forEach("items", [1], () =>
            Phase.group(
              "g",
              function* (attempt) {
                yield* Phase.graph("graph", {
                  a: { run: Phase.make("a", see("graph")) },
                  b: { needs: ["a"], run: Phase.race([Phase.make("won", see("race"))]) }
                })
                if (attempt === 1) yield* Phase.make("again", Effect.fail("again"))
              },
              {
                retry: Retry.from({ first: undefined, next: () => Effect.as(see("strategy"), Retry.again(undefined)) })
              }
            )
          )
        ])
        yield* Phase.make("hang", hang)
        yield* Phase.make("no", {
          run: Effect.fail("no"),
          retry: Schedule.tapInput(Schedule.recurs(1), () => see("schedule"))
        })
      } finally {
        yield* Phase.make("clean", see("finally"))
      }
    }
  })

const places = ["all", "graph", "race", "strategy", "graph", "race", "schedule", "schedule", "finally", "undo"]

describe("services", () => {
  it.scoped("of the caller reach every phase, undo, clean-up, schedule and strategy", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { run } = yield* engine(memory())
      const failed = yield* Effect.flip(
        run(Effect.provide(everywhere(note).execute({}, { id }), noteTo(log, "caller")))
      )
      assert.strictEqual(failed, "no")
      assert.deepStrictEqual(
        log.lines,
        places.map((place) => `caller ${place}`)
      )
    })
  )

  it.scoped("are those of the task's layer for what is started, and for what a caller has left", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Effect.makeLatch(false)
      const task = everywhere(note, gate.await)
      const layer = Layer.provide(task.layer, noteTo(log, "layer"))
      const { register, run, service } = yield* engine(memory())
      yield* register({ layer })
      const caller = yield* Effect.fork(run(Effect.provide(task.execute({}, { id }), noteTo(log, "caller"))))
      yield* idle
      yield* Fiber.interrupt(caller)
      yield* gate.open
      assert.strictEqual((yield* service.settled(id)).status, "Reverted")
      const left = places.indexOf("schedule")
      assert.deepStrictEqual(
        log.lines,
        places.map((place, index) => `${index < left ? "caller" : "layer"} ${place}`)
      )
    })
  )
})

describe("references and spans", () => {
  it.scoped("set around execute are seen everywhere", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const ref = yield* FiberRef.make("nobody")
      const see = (where: string) => Effect.map(FiberRef.get(ref), (who) => void seen.push(`${who} ${where}`))
      const { run } = yield* engine(memory())
      yield* Effect.flip(Effect.locally(run(everywhere(see).execute({}, { id })), ref, "ann"))
      assert.deepStrictEqual(
        seen,
        places.map((place) => `ann ${place}`)
      )
    })
  )

  it.scoped("of one phase are not those of another", () =>
    Effect.gen(function* () {
      const ref = yield* FiberRef.make("nobody")
      const seen: Array<string> = []
      const set = (name: string) =>
        Phase.make(
          name,
          Effect.zipRight(
            FiberRef.set(ref, name),
            Effect.flatMap(idle, () => Effect.map(FiberRef.get(ref), (found) => void seen.push(found)))
          )
        )
      const task = Task.make("t", {
        *run() {
          yield* Phase.all([set("a"), set("b")])
          yield* Phase.make(
            "c",
            Effect.map(FiberRef.get(ref), (found) => void seen.push(found))
          )
        }
      })
      const { run } = yield* engine(memory())
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(seen, ["a", "b", "nobody"])
      assert.strictEqual(yield* FiberRef.get(ref), "nobody")
    })
  )

  it.scoped("nest: the span around execute is above those of every phase", () =>
    Effect.gen(function* () {
      const seen: Array<Tracer.Span> = []
      const see = (where: string) =>
        Effect.withSpan(
          Effect.map(Effect.orDie(Effect.currentSpan), (span) => void seen.push(span)),
          where
        )
      const { run } = yield* engine(memory())
      yield* Effect.withSpan(Effect.flip(run(everywhere(see).execute({}, { id }))), "request")
      assert.deepStrictEqual(
        seen.map(({ name }) => name),
        places
      )
      const above = (span: Tracer.AnySpan): ReadonlyArray<string> =>
        span._tag === "Span" ? [span.name, ...Option.match(span.parent, { onNone: () => [], onSome: above })] : []
      assert.isTrue(seen.every((span) => above(span).includes("request")))
      assert.strictEqual(new Set(seen.map(({ traceId }) => traceId)).size, 1)
    })
  )
})

describe("the Scope of a phase", () => {
  it.scoped("ends with it, before its outcome is recorded: where it succeeds, fails, dies and is interrupted", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const ended = (path: string) =>
        entries(store, id).some(
          (entry) =>
            (entry._tag === "PhaseSucceeded" || entry._tag === "PhaseFailed" || entry._tag === "PhaseInterrupted") &&
            entry.path === path
        )
      const open = (name: string) =>
        Effect.acquireRelease(log.note(`open ${name}`), () =>
          log.note(`close ${name}${ended(`all/${name}`) ? " late" : ""}`)
        )
      const go = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all(
            [
              Phase.make("fine", Effect.scoped(Effect.void).pipe(Effect.zipRight(open("fine")))),
              Phase.make("no", Effect.zipRight(open("no"), Effect.zipRight(go.await, Effect.fail("no")))),
              Phase.make("bug", Effect.zipRight(open("bug"), Effect.zipRight(go.await, Effect.dieMessage("bug")))),
              Phase.make("let go", Effect.zipRight(open("let go"), never))
            ],
            { mode: "stop" }
          )
        }
      })
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(Effect.exit(run(task.execute({}, { id }))))
      yield* recorded(store, id, "PhaseSucceeded", "all/fine")
      yield* idle
      assert.deepStrictEqual(log.lines.splice(0), ["open fine", "close fine", "open no", "open bug", "open let go"])
      yield* go.open
      yield* Fiber.join(caller)
      assert.deepStrictEqual(log.lines, ["close no", "close bug", "close let go"])
      assert.deepStrictEqual((yield* service.status(id)).phases.map(({ state }) => state).slice(1), [
        "succeeded",
        "failed",
        "failed",
        "in doubt"
      ])
    })
  )
})

describe("a program that runs a task and is interrupted", () => {
  const branches = (log: Log) =>
    Task.make("branches", {
      *run() {
        try {
          yield* Phase.all([gated(log, "a", never), gated(log, "b", never)])
        } finally {
          yield* Phase.make("clean", log.note("clean"))
        }
      }
    })

  const interrupted = (log: Log, options: { readonly onInterrupt?: "detach" | "close" }) =>
    Effect.gen(function* () {
      const store = memory()
      const { run, service } = yield* engine(store)
      const program = yield* Effect.fork(Effect.asVoid(run(branches(log).execute({}, { id, ...options }))))
      yield* recorded(store, id, "PhaseStarted", "all/b")
      yield* idle
      yield* Fiber.interrupt(program)
      return { service, store }
    })

  it.scoped("hands its branches back", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { service, store } = yield* interrupted(log, {})
      assert.strictEqual((yield* service.status(id)).status, "Pending")
      assert.strictEqual(tags(store, id).at(-1), "Suspended")
      assert.deepStrictEqual(log.lines, ["a let go", "b let go"])
    })
  )

  it.scoped("closes them, if it said so", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { service } = yield* interrupted(log, { onInterrupt: "close" })
      assert.strictEqual((yield* service.settled(id)).status, "Closed")
      assert.deepStrictEqual(log.lines, ["a let go", "b let go", "clean"])
    })
  )

  it.scoped("is a race, a timeout or a scope of Effect like any other", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { run, service } = yield* engine(memory())
      const raced = run(branches(log).execute({}, { id, onInterrupt: "close" }))
      yield* Effect.race(raced, Effect.repeatN(idle, 3))
      assert.strictEqual((yield* service.settled(id)).status, "Closed")
      assert.deepStrictEqual(log.lines, ["a let go", "b let go", "clean"])
    })
  )
})
