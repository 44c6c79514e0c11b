/**
 * Two engines on one file. The second is refused at once, with the owner's process, also while that is stopped; it takes
 * over at once when the owner was killed; and an owner whose epoch is over writes nothing any more.
 */
import * as path from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type Errors, TaskEngine, TaskStore } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import * as Child from "./Child.js"
import * as Dice from "./Dice.js"
import * as Long from "./Long.js"
import { hasTime, type Part, report, type Setting } from "./Part.js"

/** What became of one round, times in milliseconds. */
export interface Found {
  readonly refused: number
  readonly stopped: number
  readonly tookOver: number
  readonly problems: ReadonlyArray<string>
}

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const began = yield* Clock.currentTimeMillis
    const answer = yield* effect
    return [answer, (yield* Clock.currentTimeMillis) - began] as const
  })

const long = Long.make(() => Effect.void)
const payload = { phases: 1, millis: 1 }

/** An engine of this process tries to advance something: the refusal, if it was one. */
const attempt = (database: string) =>
  long.execute(payload, { id: "second" }).pipe(
    Effect.either,
    Effect.provide(Sqlite.layer({ filename: database })),
    Effect.map((answer) => (Either.isLeft(answer) ? answer.left : undefined)),
    Effect.catchAll((error) => Effect.succeed(error))
  )

const complaint = (
  found: { readonly _tag: string } | undefined,
  pid: number,
  state: Errors.EngineBusy["state"]
): ReadonlyArray<string> => {
  if (found === undefined) return ["a second engine was not refused"]
  if (found._tag !== "EngineBusy") return [`a second engine met ${found._tag}`]
  const busy = found as Errors.EngineBusy
  return busy.pid === pid && busy.state === state
    ? []
    : [`the owner ${pid}, ${state}, was told as ${busy.pid}, ${busy.state}`]
}

/** Stands by with the task while the owner is killed: how long until the owner's execution goes on here. */
const takeOver = (database: string, owner: Child.Child) =>
  Effect.scoped(
    Effect.gen(function* () {
      const live = Layer.provideMerge(long.layer, Sqlite.layer({ filename: database }))
      const services = yield* Layer.build(live)
      const [, after] = yield* timed(
        Effect.gen(function* () {
          yield* owner.kill("SIGKILL")
          for (;;) {
            const entries = yield* TaskEngine.history("first")
            if (entries.some(({ entry }) => entry._tag === "Claimed" && entry.crashed)) return
            yield* Effect.sleep(5)
          }
        }).pipe(Effect.provide(services), Effect.timeout("20 seconds"))
      )
      return after
    })
  )

/** One owner that is met running, met stopped, and killed. */
export const round = (setting: Setting, number: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const database = path.join(setting.folder, `takeover${number}.db`)
      const owner = yield* Child.program(path.join(setting.programs, "owner.js"), database, "first", 10_000, 5)
      const began = yield* owner.line((line) => line === "phase 3", "30 seconds")
      if (Option.isNone(began))
        return { refused: 0, stopped: 0, tookOver: 0, problems: [`the owner did not begin: ${owner.lines}`] }
      const [busy, refused] = yield* timed(attempt(database))
      yield* owner.kill("SIGSTOP")
      yield* Effect.sleep(20)
      const [halted, stopped] = yield* timed(attempt(database))
      yield* owner.kill("SIGCONT")
      yield* Effect.sleep(Dice.between(setting.seed, `round ${number}`, 0, 60))
      const tookOver = yield* takeOver(database, owner)
      const problems = [...complaint(busy, owner.pid, "running"), ...complaint(halted, owner.pid, "stopped")]
      return { refused, stopped, tookOver, problems }
    }).pipe(
      Effect.catchAllCause((cause) =>
        Effect.succeed({ refused: 0, stopped: 0, tookOver: 0, problems: [String(cause)] })
      )
    )
  ) satisfies Effect.Effect<Found>

/**
 * Raises the epoch of the owner's execution behind its back, as an engine that took over would: whatever the owner still
 * appends is refused, and so is an append with a forged older epoch.
 */
export const forge = (setting: Setting, number: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const database = path.join(setting.folder, `forged${number}.db`)
      const owner = yield* Child.program(path.join(setting.programs, "owner.js"), database, "first", 10_000, 1)
      yield* owner.line((line) => line === "phase 3", "30 seconds")
      yield* Effect.sleep(Dice.between(setting.seed, `forge ${number}`, 0, 30))
      return yield* Effect.gen(function* () {
        const store = yield* TaskStore
        const epoch = (yield* store.claim("first", "somebody else")) ?? 0
        const before = yield* store.load("first")
        if (before === undefined) return ["the owner's execution is not there"]
        const stale = { ...before.head, epoch: epoch - 1 }
        const entry = { _tag: "Claimed", owner: "forged", crashed: false } as const
        const forged = yield* Effect.either(store.append(stale, 0, [entry], null))
        const { code } = yield* owner.ended
        const after = yield* store.load("first")
        return [
          ...(Either.isLeft(forged) && forged.left._tag === "Fenced"
            ? []
            : ["a forged append of an older epoch was taken"]),
          ...(code === 1 ? [] : [`the owner whose epoch was over ended with ${code}`]),
          ...(after?.entries.length === before.entries.length ? [] : ["the owner wrote on after its epoch was over"])
        ]
      }).pipe(Effect.provide(Sqlite.layer({ filename: database })))
    }).pipe(Effect.catchAllCause((cause) => Effect.succeed([String(cause)])))
  )

export const part: Part = {
  name: "takeover",
  about: "two engines on one file: refused by name, taken over after kill -9, an old epoch writes nothing",
  share: 8,
  run: Effect.fn("takeover")(function* (setting: Setting) {
    const problems: Array<string> = []
    const worst = { refused: 0, stopped: 0, tookOver: 0 }
    const most = setting.amount ?? 40
    let rounds = 0
    while (rounds < most && problems.length < 10 && (rounds === 0 || (yield* hasTime(setting)))) {
      const found = yield* round(setting, rounds)
      for (const key of ["refused", "stopped", "tookOver"] as const) worst[key] = Math.max(worst[key], found[key])
      problems.push(...found.problems, ...(yield* forge(setting, rounds)))
      rounds++
    }
    const slow = Object.entries(worst).filter(([, millis]) => millis >= 1_000)
    problems.push(...slow.map(([key, millis]) => `${key}: ${millis} ms, and 1000 are allowed`))
    return report(
      {
        rounds,
        "refused after ms": worst.refused,
        "stopped after ms": worst.stopped,
        "taken over after ms": worst.tookOver
      },
      problems
    )
  })
}
