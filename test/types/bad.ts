/** What must not compile: under each `@ts-expect-error` stands one mistake. compiler.test.ts shows what is said of them. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { EngineConfig, Phase, Retry, Task } from "tidemark"

class Declined extends Schema.TaggedError<Declined>()("Declined", { reason: Schema.String }) {}
class NoStock extends Schema.TaggedError<NoStock>()("NoStock", {}) {}

declare const answers: <A>() => Effect.Effect<A>
declare const declines: Effect.Effect<number, Declined>

// --- a body yields phases, with a star, and nothing else

export const effect = Task.make("effect", {
  // @ts-expect-error
  *run() {
    yield* Effect.succeed(1)
  }
})
export const promise = Task.make("promise", {
  // @ts-expect-error
  *run() {
    yield Promise.resolve(1)
  }
})
export const value = Task.make("value", {
  // @ts-expect-error
  *run() {
    yield 1
  }
})
export const unstarred = Task.make("unstarred", {
  // @ts-expect-error
  *run() {
    yield Phase.make("x", Effect.succeed(1))
  }
})
export const mixed = Task.make("mixed", {
  payload: { n: Schema.Number },
  success: Schema.Number,
  // @ts-expect-error
  *run({ n }) {
    const a = yield* Phase.make("x", Effect.succeed(n))
    const b = yield* Effect.succeed(n)
    return a + b
  }
})
export const asynchronous = Task.make("async", {
  // @ts-expect-error
  async *run() {}
})
export const inRevert = Task.make("in-revert", {
  *run() {
    yield* Phase.checkpoint("x")
  },
  // @ts-expect-error
  *revert(completed) {
    for (const phase of completed) yield* Effect.log(phase.name)
  }
})
export const inRevertMixed = Task.make("in-revert-mixed", {
  *run() {},
  // @ts-expect-error
  *revert(completed) {
    for (const phase of completed) {
      yield* phase.undo
      yield* Effect.log(phase.name)
    }
  }
})

// --- schemas cover what comes out

export const errorMissing = Task.make("error-missing", {
  // @ts-expect-error
  *run() {
    yield* Phase.make("x", declines)
  }
})
export const errorOther = Task.make("error-other", {
  error: NoStock,
  // @ts-expect-error
  *run() {
    yield* Phase.make("x", declines)
  }
})
export const failMissing = Task.make("fail-missing", {
  // @ts-expect-error
  *run() {
    yield* Phase.fail(new Declined({ reason: "" }))
  }
})
export const successOther = Task.make("success-other", {
  success: Schema.String,
  // @ts-expect-error
  *run() {
    return yield* Phase.make("x", Effect.succeed(1))
  }
})
export const successMissing = Task.make("success-missing", {
  // @ts-expect-error
  *run() {
    return yield* Phase.make("x", Effect.succeed(1))
  }
})
export const successNotJson = Task.make("success-not-json", {
  // @ts-expect-error
  *run() {
    yield* Phase.make("x", Effect.succeed(1))
    return new Map<string, number>()
  }
})
export const wrongPayload = Task.make("wrong-payload", { payload: { n: Schema.Number }, *run() {} })
// @ts-expect-error
export const wrongPayloadRun = wrongPayload.execute({ n: "1" })

// --- results are plain JSON, or have a schema

export function* notJson() {
  // @ts-expect-error
  yield* Phase.make("date", answers<Date>())
  // @ts-expect-error
  yield* Phase.make("nested date", { run: answers<{ a: ReadonlyArray<{ when: Date }> }>() })
  // @ts-expect-error
  yield* Phase.make("date with undo", { run: answers<Date>(), undo: (date: Date) => Effect.log(date) })
  // @ts-expect-error
  yield* Phase.make("map", answers<Map<string, number>>())
  // @ts-expect-error
  yield* Phase.make("set", answers<ReadonlySet<string>>())
  // @ts-expect-error
  yield* Phase.make("class", answers<Declined>())
  // @ts-expect-error
  yield* Phase.make("bigint", answers<bigint>())
  // @ts-expect-error
  yield* Phase.make("symbol", answers<{ a: symbol }>())
  // @ts-expect-error
  yield* Phase.make("function", answers<{ f: () => void }>())
  // @ts-expect-error
  yield* Phase.make("any", answers<any>())
  // @ts-expect-error
  yield* Phase.make("any member", answers<{ a: any }>())
  // @ts-expect-error
  yield* Phase.make("unknown", answers<unknown>())
  // @ts-expect-error
  yield* Phase.make("undefined member", answers<{ a: string | undefined }>())
  // @ts-expect-error
  yield* Phase.make("optional undefined", answers<{ a?: string | undefined }>())
  // @ts-expect-error
  yield* Phase.make("undefined beside a value", answers<string | undefined>())
  // @ts-expect-error
  yield* Phase.make("array of undefined", answers<ReadonlyArray<undefined>>())
  // @ts-expect-error
  yield* Phase.make("success that does not cover", { run: answers<Date>(), success: Schema.Number })
  // @ts-expect-error
  yield* Phase.make("error that does not cover", { run: declines, error: NoStock })
  // @ts-expect-error
  yield* Phase.make("success in a third argument", answers<Date>(), { success: Schema.Number })
  // @ts-expect-error
  yield* Phase.checkpoint("date", { data: new Date(0) })
}

// --- failures as values need a schema where they are not plain JSON

export function* captured() {
  // @ts-expect-error
  yield* Phase.either(Phase.make("x", declines))
  // @ts-expect-error
  yield* Phase.exit(Phase.make("x", declines))
  // @ts-expect-error
  yield* Phase.either(Phase.make("x", { run: declines, timeout: "1 second" }))
  // @ts-expect-error
  yield* Phase.either(Phase.fail(new Declined({ reason: "" })))
}
// @ts-expect-error
export const eitherOfEffect = Phase.either(Effect.succeed(1))

// --- options fit the effect

// @ts-expect-error
export const wrongUndo = Phase.make("undo", { run: Effect.succeed(1), undo: (text: string) => Effect.log(text) })
// @ts-expect-error
export const wrongUndoThird = Phase.make("undo", Effect.succeed(1), { undo: (text: string) => Effect.log(text) })
// @ts-expect-error
export const undoOfNothing = Phase.make("undo", { run: Effect.succeed(1), undo: () => 1 })
// @ts-expect-error
export const wrongVerify = Phase.make("verify", { run: Effect.succeed(1), verify: Effect.succeed(1) })
// @ts-expect-error
export const wrongInDoubt = Phase.make("in doubt", { run: Effect.succeed(1), inDoubt: "guess" })
// @ts-expect-error
export const wrongTimeout = Phase.make("timeout", { run: Effect.succeed(1), timeout: "soon" })
// @ts-expect-error
export const typo = Phase.make("typo", { run: Effect.succeed(1), retries: Schedule.recurs(1) })
// @ts-expect-error
export const noEffect = Phase.make("promise", Promise.resolve(1))

// --- branches are phases, inside every combinator

const phase = Phase.make("x", Effect.succeed(1))
declare const promised: Promise<number>

// @ts-expect-error
export const allEffect = Phase.all([phase, Effect.succeed(1)])
// @ts-expect-error
export const allPromise = Phase.all([promised])
// @ts-expect-error
export const allValue = Phase.all([1])
// @ts-expect-error
export const allStruct = Phase.all({ a: phase, b: Effect.succeed(1) })
// @ts-expect-error
export const allFunction = Phase.all([() => phase])
// @ts-expect-error
export const allOne = Phase.all(phase)
// @ts-expect-error
export const allNotJson = Phase.all([Phase.make("x", answers<Date>())])
// @ts-expect-error
export const eachEffect = Phase.forEach("x", [1], (n) => Effect.succeed(n))
// @ts-expect-error
export const eachPromise = Phase.forEach("x", [1], () => promised)
// @ts-expect-error
export const eachAsync = Phase.forEach("x", [1], async () => phase)
// @ts-expect-error
export const eachValue = Phase.forEach("x", [1], (n) => n)
// @ts-expect-error
export const eachNotJson = Phase.forEach("x", [1], () => Phase.make("x", answers<Date>()))
// @ts-expect-error
export const raceEffect = Phase.race([Effect.succeed(1)])
// @ts-expect-error
export const racePromise = Phase.race({ a: promised })
// @ts-expect-error
export const raceValue = Phase.race([1])
// @ts-expect-error
export const groupEffect = Phase.group("x", function* () {
  yield* Effect.succeed(1)
})
// @ts-expect-error
export const groupMixed = Phase.group("x", function* (attempt) {
  yield* phase
  yield* Effect.succeed(attempt)
})
// @ts-expect-error
export const groupPromise = Phase.group("x", function* () {
  yield promised
})
// @ts-expect-error
export const groupValue = Phase.group("x", function* () {
  yield 1
})
// @ts-expect-error
export const groupUnstarred = Phase.group("x", function* () {
  yield phase
})
// @ts-expect-error
export const groupAsync = Phase.group("x", async function* () {})
// @ts-expect-error
export const groupPlain = Phase.group("x", () => phase)

export function* refused() {
  // @ts-expect-error
  yield* Phase.graph("x", { a: { run: Effect.succeed(1) } })
  // @ts-expect-error
  yield* Phase.graph("x", { a: { run: promised } })
  // @ts-expect-error
  yield* Phase.graph("x", { a: { run: 1 } })
  // @ts-expect-error
  yield* Phase.graph("x", { a: { run: phase }, b: { needs: ["a"], run: ({ a }) => Effect.succeed(a) } })
  // @ts-expect-error
  yield* Phase.graph("x", { a: { run: Phase.make("x", answers<Date>()) } })
  // @ts-expect-error
  yield* Phase.graph("x", { a: { run: () => Phase.make("x", answers<Date>()) } })
  // @ts-expect-error
  yield* Phase.race([])
  // @ts-expect-error
  yield* Phase.race({})
}

// --- a group's result is plain JSON, or has a schema

export function* results() {
  // @ts-expect-error
  yield* Phase.group("x", function* () {
    yield* phase
    return new Date(0)
  })
  yield* Phase.group("x", function* () {
    // @ts-expect-error
    yield* Phase.group("y", function* () {
      return yield* Phase.make("x", { run: answers<Date>(), success: Schema.DateFromSelf })
    })
  })
  // @ts-expect-error
  yield* Phase.group("x", () => body(), { success: Schema.Number })
}
declare const body: () => Generator<Phase.Yielded<never, never>, Date, never>

// --- a graph's needs are nodes, and what a function takes are their answers

// @ts-expect-error
export const noNode = Phase.graph("x", { a: { needs: ["b"], run: phase } })
export const typing = Phase.graph("x", {
  fetch: { run: phase },
  // @ts-expect-error
  build: { needs: ["fetchh"], run: phase }
})
// @ts-expect-error
export const itself = Phase.graph("x", { a: { needs: ["a"], run: phase } })
// @ts-expect-error
export const noRun = Phase.graph("x", { a: { needs: [] } })
// @ts-expect-error
export const noRunPhase = Phase.graph("x", { a: phase })
// @ts-expect-error
export const noArray = Phase.graph("x", { a: { run: phase }, b: { needs: "a", run: phase } })
export const notNeeded = Phase.graph("x", {
  a: { run: phase },
  b: { run: phase },
  // @ts-expect-error
  c: { needs: ["a"], run: ({ b }) => b }
})
// @ts-expect-error
export const noNeeds = Phase.graph("x", { a: { run: phase }, b: { run: ({ a }) => a } })
export const notKnown = Phase.graph("x", {
  a: { run: phase },
  b: { needs: ["a"], run: ({ a }) => Phase.make("x", Effect.succeed(a)) },
  // @ts-expect-error
  c: { needs: ["b"], run: ({ b }) => Phase.make("x", Effect.succeed(b.toFixed())) }
})
export function* graphs() {
  // @ts-expect-error
  yield* Phase.graph("x", { a: { needs: ["b"], run: phase }, b: { needs: ["a"], run: phase } })
  // @ts-expect-error
  yield* Phase.graph("x", {
    a: { run: phase },
    b: { needs: ["a"], run: ({ a }: { a: string }) => Phase.make(a, Effect.void) }
  })
  // @ts-expect-error
  yield* Phase.graph("x", {
    a: { run: phase },
    b: { run: ({ a }: { a: number }) => Phase.make("x", Effect.succeed(a)) }
  })
  // @ts-expect-error
  yield* Phase.graph("x", { a: { run: phase, need: ["b"] }, b: { run: phase } })
}

// --- a group gets what its strategy gives

const takesNumber = function* (_: number, value: number) {
  return value
}
// @ts-expect-error
export const noStrategy = Phase.group("x", takesNumber)
// @ts-expect-error
export const noValue = Phase.group("x", takesNumber, { retry: Retry.times(3) })
// @ts-expect-error
export const otherValue = Phase.group("x", takesNumber, { retry: Retry.forEach(["a", "b"]) })
// @ts-expect-error
export const aSchedule = Phase.group("x", function* () {}, { retry: Schedule.recurs(3) })
// @ts-expect-error
export const aNumber = Phase.group("x", function* () {}, { retry: 3 })
// @ts-expect-error
export const notJsonValues = Phase.group("x", function* () {}, { retry: Retry.forEach([new Date(0)]) })
export const notJsonFirst = Phase.group("x", function* () {}, {
  // @ts-expect-error
  retry: Retry.from({ first: new Date(0), next: () => Retry.giveUp })
})
// @ts-expect-error
export const otherNext = Retry.from({ first: 1, next: () => Retry.again("a") })
// @ts-expect-error
export const noDecision = Retry.from({ first: 1, next: () => true })
// @ts-expect-error
export const failingNext = Retry.from({ first: 1, next: () => Effect.fail("no") })
// @ts-expect-error
export const noAgain = Retry.from({ first: 1, next: () => Retry.again() })
// @ts-expect-error
export const wrongInput = Retry.schedule(Schedule.identity<number>())
// @ts-expect-error
export const notTimes = Retry.times("3")

// --- options of the combinators

// @ts-expect-error
export const allConcurrency = Phase.all([phase], { concurrency: "many" })
// @ts-expect-error
export const allMode = Phase.all([phase], { mode: "race" })
// @ts-expect-error
export const allTypo = Phase.all([phase], { concurency: 3 })
// @ts-expect-error
export const eachKey = Phase.forEach("x", [1], () => phase, { key: (n) => n })
// @ts-expect-error
export const eachKeyItem = Phase.forEach("x", [1], () => phase, { key: (item: string) => item })
// @ts-expect-error
export const eachItems = Phase.forEach("x", 3, () => phase)
// @ts-expect-error
export const raceMode = Phase.race([phase], { mode: "settle" })
// @ts-expect-error
export const graphConcurrency = Phase.graph("x", {}, { concurrency: true })
// @ts-expect-error
export const groupOption = Phase.group("x", function* () {}, { retries: Retry.times(3) })

// @ts-expect-error
export const markOption = Phase.checkpoint("x", { retries: Retry.times(3) })
// @ts-expect-error
export const markRetry = Phase.checkpoint("x", { retry: Schedule.recurs(3) })
export const markSchema = function* () {
  // @ts-expect-error
  yield* Phase.checkpoint("x", { data: "text", schema: Schema.Date })
}
// @ts-expect-error
export const markNames = Task.make("x", { checkpoints: [1], *run() {} })
// @ts-expect-error
export const markPause = Phase.checkpoint("x", { pause: "yes" })

// --- failures as values, of every branch

export function* capturedBranches() {
  // @ts-expect-error
  yield* Phase.either(Phase.all([phase, Phase.make("x", declines)]))
  // @ts-expect-error
  yield* Phase.exit(Phase.forEach("x", [1], () => Phase.make("x", declines)))
  // @ts-expect-error
  yield* Phase.either(Phase.race({ a: Phase.make("x", declines) }))
  // @ts-expect-error
  yield* Phase.either(Phase.graph("x", { a: { run: Phase.make("x", declines) } }))
  // @ts-expect-error
  yield* Phase.either(
    Phase.group("x", function* () {
      yield* Phase.all([Phase.make("x", declines)])
    })
  )
  // @ts-expect-error
  yield* Phase.either(
    Phase.group("x", function* () {
      yield* Phase.fail(new NoStock())
    })
  )
}

// --- what waits

// @ts-expect-error
export const sleepNever = Phase.sleep("x")
// @ts-expect-error
export const sleepSoon = Phase.sleep("x", "soon")
// @ts-expect-error
export const sleepDay = Phase.sleepUntil("x", "2026-11-21")
// @ts-expect-error
export const signalNoSchema = Phase.signal("x", "string")
// @ts-expect-error
export const signalTimeout = Phase.signal("x", Schema.String, { timeout: "soon" })
// @ts-expect-error
export const signalOption = Phase.signal("x", Schema.String, { retry: Schedule.recurs(1) })
// @ts-expect-error
export const delegateEffect = Phase.delegate("x", Effect.void)
// @ts-expect-error
export const delegateNotify = Phase.delegate("x", { notify: Effect.void })
// @ts-expect-error
export const delegatePromise = Phase.delegate("x", { notify: async (token: string) => token })
// @ts-expect-error
export const delegateToken = Phase.delegate("x", { notify: (token: number) => Effect.log(token) })
// @ts-expect-error
export const delegateUndo = Phase.delegate("x", { success: Schema.Number, undo: (text: string) => Effect.log(text) })
// @ts-expect-error
export const delegateRun = Phase.delegate("x", { run: Effect.void })
// @ts-expect-error
export const delegateBeat = Phase.delegate("x", { heartbeat: "soon" })
// @ts-expect-error
export const laterOption = Phase.later({ after: "1 day" })
// @ts-expect-error
export const laterPhase = Phase.all([Phase.later()])
// @ts-expect-error
export const groupTimeout = Phase.group("x", function* () {}, { timeout: "soon" })
// @ts-expect-error
export const taskTimeout = Task.make("x", { timeout: "soon", *run() {} })
export const undoOfLater = Phase.make("x", {
  run: Effect.succeed(Phase.later()),
  success: Schema.Number,
  // @ts-expect-error
  undo: (text: string) => Effect.log(text)
})
export const tokenYielded = Task.make("x", {
  // @ts-expect-error
  *run() {
    yield* Phase.token
  }
})
export function* waits() {
  // @ts-expect-error
  yield* Phase.later()
  // @ts-expect-error
  yield* Phase.make("x", Effect.succeed(Phase.later()))
  // @ts-expect-error
  yield* Phase.make(
    "x",
    Effect.sync(() => (Math.random() > 0.5 ? 1 : Phase.later()))
  )
  // @ts-expect-error
  yield* Phase.make("x", { run: Effect.sync(() => (Math.random() > 0.5 ? 1 : Phase.later())), success: Schema.String })
  // @ts-expect-error
  yield* Phase.make("x", { run: Effect.as(declines, Phase.later()), success: Schema.String, error: NoStock })
  // @ts-expect-error
  yield* Phase.delegate("x", { notify: () => declines, error: NoStock })
  // @ts-expect-error
  yield* Phase.either(Phase.delegate("x", { notify: () => declines }))
}
export const delegateError = Task.make("x", {
  // @ts-expect-error
  *run() {
    yield* Phase.delegate("x", { error: Declined })
  }
})

// --- child tasks

const child = Task.make("child", {
  payload: { n: Schema.Number },
  error: Declined,
  *run() {
    yield* Phase.make("x", declines)
  }
})
// @ts-expect-error
export const childPayload = child.phase({ n: "1" })
// @ts-expect-error
export const childOption = child.phase({ n: 1 }, { key: "x" })
export const childError = Task.make("parent", {
  // @ts-expect-error
  *run() {
    yield* child.phase({ n: 1 })
  }
})
export const branchError = Task.make("parent", {
  error: NoStock,
  // @ts-expect-error
  *run() {
    yield* Phase.all([Phase.forEach("x", [1], (n) => child.phase({ n }))])
  }
})

// --- starts later

// @ts-expect-error
export const startAt = child.start({ n: 1 }, { at: "tomorrow" })
// @ts-expect-error
export const startPriority = child.start({ n: 1 }, { priority: "high" })
// @ts-expect-error
export const startAndResume = child.start({ n: 1 }, { resume: true })
// @ts-expect-error
export const schedulePayload = child.schedule("0 9 * * *", { n: "1" })
// @ts-expect-error
export const scheduleMissed = child.schedule("0 9 * * *", { n: 1 }, { missed: "some" })

// --- concurrency keys

export const keyOfNumber = Task.make("key", {
  payload: { n: Schema.Number },
  // @ts-expect-error
  concurrencyKey: ({ n }) => n,
  *run() {}
})
export const keyOfOther = Task.make("key", {
  payload: { n: Schema.Number },
  // @ts-expect-error
  concurrencyKey: ({ m }) => `${m}`,
  *run() {}
})
export const keyLater = Task.make("key", {
  payload: { n: Schema.Number },
  // @ts-expect-error
  concurrencyKey: async ({ n }) => `${n}`,
  *run() {}
})
// @ts-expect-error
export const limitOfText = Task.make("key", { concurrencyKey: () => "a", limit: "2", *run() {} })

// --- stages

const Page = Task.stage("page", { state: { n: Schema.Number } })
const Done = Task.stage("done", { state: Schema.String })
const pageBody = Page.body(function* ({ n }) {
  return yield* Page.enter({ n: n + 1 })
})
// @ts-expect-error
export const stateOfText = Page.enter({ n: "1" })
// @ts-expect-error
export const stateMissing = Page.enter({})
// @ts-expect-error
export const stateNotOne = Done.enter({ text: "x" })
export const stateWrong = Task.make("stages", {
  stages: [pageBody],
  *run() {
    // @ts-expect-error
    return yield* Page.enter({ n: "x" })
  }
})
export const stagesMissing = Task.make("stages", {
  // @ts-expect-error
  *run() {
    return yield* Page.enter({ n: 1 })
  }
})
export const stageMissing = Task.make("stages", {
  stages: [pageBody],
  // @ts-expect-error
  *run() {
    return yield* Done.enter("x")
  }
})
export const stageOfStageMissing = Task.make("stages", {
  stages: [
    Page.body(function* () {
      return yield* Done.enter("x")
    })
  ],
  *run() {
    return yield* Page.enter({ n: 1 })
  }
})
// @ts-expect-error
export const stageOfStageMissingRun = stageOfStageMissing.execute({})
export const stageResult = Task.make("stages", {
  success: Schema.Number,
  stages: [
    Page.body(function* () {
      return "no"
    })
  ],
  *run() {
    return yield* Page.enter({ n: 1 })
  }
})
// @ts-expect-error
export const stageResultRun = stageResult.execute({})
export const stageError = Task.make("stages", {
  error: NoStock,
  stages: [
    Page.body(function* () {
      yield* Phase.make("x", declines)
    })
  ],
  *run() {
    return yield* Page.enter({ n: 1 })
  }
})
// @ts-expect-error
export const stageErrorRun = stageError.execute({})
export const stageYields = Page.body(
  // @ts-expect-error
  function* () {
    yield* Effect.succeed(1)
  }
)
// @ts-expect-error
export const notABody = Task.make("stages", { stages: [Page], *run() {} })
// @ts-expect-error
export const noState = Task.stage("x", {})
export const inGroup = Phase.group(
  "g",
  // @ts-expect-error
  function* () {
    return yield* Page.enter({ n: 1 })
  }
)
// @ts-expect-error
export const inBranch = Phase.all([Page.enter({ n: 1 })])
// @ts-expect-error
export const inEach = Phase.forEach("x", [1], (n) => Page.enter({ n }))
// @ts-expect-error
export const inEither = Phase.either(Page.enter({ n: 1 }))
export const inOwnRevert = Task.make("stages", {
  stages: [pageBody],
  *run() {},
  // @ts-expect-error
  *revert() {
    yield* Page.enter({ n: 1 })
  }
})

// --- what is kept is all, so many checkpoints, or those of so long

export const keeps = [
  // @ts-expect-error
  Phase.checkpoint("here", { keep: 5 }),
  // @ts-expect-error
  Phase.checkpoint("here", { keep: "none" }),
  // @ts-expect-error
  Phase.checkpoint("here", { keep: { last: "5" } }),
  // @ts-expect-error
  Task.make("t", { keep: { for: "a while" }, *run() {} }),
  // @ts-expect-error
  Task.make("t", { keep: {}, *run() {} }),
  // @ts-expect-error
  Task.make("t", { keep: { least: 5 }, *run() {} })
]
export const knobs: typeof EngineConfig.defaults = {
  ...EngineConfig.defaults,
  // @ts-expect-error
  keep: { since: "3 days" }
}
