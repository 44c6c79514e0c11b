/** What must compile, and the exact types it must infer: `tsc` is the test. */
import type { PlatformError } from "@effect/platform/Error"
import { PlatformError as PlatformErrorSchema } from "@effect/platform/Error"
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type Advanced, EngineConfig, type Failure, Phase, Retry, Task, TaskEngine } from "tidemark"
import type { AdvanceError } from "../../src/authoring/TaskEngine.js"
import type { TaskError } from "../../src/core/Errors.js"

class Declined extends Schema.TaggedError<Declined>()("Declined", { reason: Schema.String }) {}
class NoStock extends Schema.TaggedError<NoStock>()("NoStock", {}) {}
class Shop extends Context.Tag("Shop")<Shop, { readonly x: number }>() {}
class Refunds extends Context.Tag("Refunds")<Refunds, { readonly x: number }>() {}
class Retries extends Context.Tag("Retries")<Retries, { readonly x: number }>() {}
class Unknown extends Context.Tag("Unknown")<Unknown, { readonly x: number }>() {}
class Ledger extends Context.Tag("Ledger")<Ledger, { readonly x: number }>() {}

interface Hold {
  readonly id: string
  readonly qty: number
  readonly note?: string
  readonly lines: ReadonlyArray<{ readonly sku: string }>
}

declare const reserve: (sku: string) => Effect.Effect<Hold, Declined, Shop>
declare const charge: (card: string, hold: Hold) => Effect.Effect<{ readonly id: string }, Declined, Shop>
declare const refund: (charge: { readonly id: string }) => Effect.Effect<void, Declined, Refunds>
declare const release: (hold: Hold) => Effect.Effect<void, never, Shop>
declare const ship: (hold: Hold) => Effect.Effect<string, Declined, Shop>
declare const refundByKey: (key: string) => Effect.Effect<void, NoStock, Unknown>
declare const lookUp: Effect.Effect<Option.Option<{ readonly id: string }>, Declined, Ledger>
declare const often: Schedule.Schedule<number, unknown, Retries>

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type IsAny<T> = 0 extends 1 & T ? true : false
const is = <T extends true>(): T => true as T
const not = <T extends false>(): T => false as T

type SuccessOf<P> = P extends Phase.Phase<infer A, infer _E, infer _R, infer _S, infer _N> ? A : "not a phase"
type ErrorOf<P> = P extends Phase.Phase<infer _A, infer E, infer _R, infer _S, infer _N> ? E : "not a phase"
type ContextOf<P> = P extends Phase.Phase<infer _A, infer _E, infer R, infer _S, infer _N> ? R : "not a phase"
type Executed<A, E, R> = Effect.Effect<A, E | TaskError, R | TaskEngine>

// --- tasks: E and R are those of their phases

export const placeOrder = Task.make("place-order", {
  payload: { sku: Schema.String, card: Schema.String },
  success: Schema.String,
  error: Declined,
  onFailure: "revert",
  *run({ card, sku }) {
    const hold = yield* Phase.make("reserve", { run: reserve(sku), undo: (hold) => release(hold) })
    yield* Phase.make("charge", { run: charge(card, hold), undo: refund, inDoubt: "ask" })
    yield* Phase.checkpoint("paid", { commit: true })
    return yield* Phase.make("ship", {
      run: ship(hold),
      retry: Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(5))
    })
  }
})
export const placed = placeOrder.execute({ sku: "tea", card: "4242" }, { id: "order-7" })
is<Equal<typeof placed, Executed<string, Declined, Shop | Refunds>>>()
export const started = placeOrder.start({ sku: "tea", card: "4242" })
const order = { sku: "tea", card: "4242" }
export const startedLater = [
  placeOrder.start(order, { at: DateTime.unsafeMake(0), priority: 1 }),
  placeOrder.start(order, { id: "o-1", at: 0 })
]
export const scheduled: Layer.Layer<never, never, TaskEngine> = placeOrder.schedule("0 9 * * *", order, {
  name: "daily",
  timeZone: "Europe/Paris",
  missed: "all"
})
export const advanced: Effect.Effect<Advanced, AdvanceError, TaskEngine> = TaskEngine.advance("o-1")
is<Equal<typeof started, Effect.Effect<string, TaskError, TaskEngine>>>()
is<Equal<typeof placeOrder.layer, Layer.Layer<never, never, Shop | Refunds | TaskEngine>>>()
is<Equal<typeof placeOrder.name, "place-order">>()

declare const makeDirIfMissing: (path: string) => Effect.Effect<boolean, PlatformError, Shop>
declare const remove: (path: string) => Effect.Effect<void, PlatformError, Refunds>

export const makeDirs = Task.make("make-dirs", {
  payload: { path: Schema.String },
  error: PlatformErrorSchema,
  *run({ path }) {
    for (const dir of path.split("/")) yield* Phase.make(dir, makeDirIfMissing(dir))
  },
  *revert(completed, { failures, payload }) {
    is<Equal<typeof payload.path, string>>()
    is<Equal<IsAny<typeof failures>, false>>()
    for (const phase of completed) {
      is<Equal<IsAny<typeof phase.value>, false>>()
      if (phase.value === true) yield* Phase.make(`remove ${phase.name}`, remove(phase.name))
      else yield* phase.undo
    }
  }
})
export const made = makeDirs.execute({ path: "/a" })
is<Equal<typeof made, Executed<void, PlatformError, Shop | Refunds>>>()

// the members in any order: run before the schemas, revert before run
export const anyOrder = Task.make("any-order", {
  *revert(completed, { payload }) {
    is<Equal<typeof payload.path, string>>()
    for (const phase of completed) yield* phase.undo
  },
  *run({ path }) {
    is<Equal<typeof path, string>>()
    for (const dir of path.split("/")) yield* Phase.make(dir, makeDirIfMissing(dir))
  },
  idempotencyKey: ({ path }) => path,
  concurrencyKey: (payload) => {
    is<Equal<typeof payload, { readonly path: string }>>()
    return payload.path
  },
  limit: 2,
  error: PlatformErrorSchema,
  payload: { path: Schema.String }
})
export const ordered = anyOrder.execute({ path: "/a" })
is<Equal<typeof ordered, Executed<void, PlatformError, Shop>>>()

export const late = Task.make("late", {
  *run({ n }) {
    return yield* Phase.make("n", Effect.succeed(n + 1))
  },
  success: Schema.Number,
  payload: { n: Schema.Number }
})
export const lateRun = late.execute({ n: 1 })
is<Equal<typeof lateRun, Executed<number, never, never>>>()

export const bare = Task.make("bare", {
  success: Schema.Struct({ n: Schema.Number }),
  *run() {
    const n = yield* Phase.make("n", Effect.succeed(1))
    return { n }
  }
})
export const bareRun = bare.execute({})
is<Equal<typeof bareRun, Executed<{ readonly n: number }, never, never>>>()

// a body without any phase, and one that only gives up
export const empty = Task.make("empty", { *run() {} })
export const emptyRun = empty.execute({})
is<Equal<typeof emptyRun, Executed<void, never, never>>>()
export const gaveUp = Task.make("gave-up", {
  error: Declined,
  *run() {
    return yield* Phase.fail(new Declined({ reason: "no" }))
  }
})
export const gaveUpRun = gaveUp.execute({})
is<Equal<typeof gaveUpRun, Executed<void, Declined, never>>>()

// a payload that schemas transform: the caller gives what the body gets
export const dated = Task.make("dated", {
  payload: { when: Schema.Date, tags: Schema.Array(Schema.String).pipe(Schema.optionalWith({ default: () => [] })) },
  *run({ tags, when }) {
    is<Equal<typeof when, Date>>()
    is<Equal<typeof tags, ReadonlyArray<string>>>()
  }
})
export const datedRun = dated.execute({ when: new Date(0), tags: [] })

// several errors, and a task that covers more than its phases fail with
export const wide = Task.make("wide", {
  error: Schema.Union(Declined, NoStock),
  *run() {
    yield* Phase.make("a", Effect.fail(new Declined({ reason: "" })))
  }
})
export const wideRun = wide.execute({})
is<Equal<typeof wideRun, Executed<void, Declined | NoStock, never>>>()

// a generator that a body delegates to
function* inner(sku: string) {
  return yield* Phase.make("reserve", reserve(sku))
}
export const outer = Task.make("outer", {
  error: Declined,
  success: Schema.String,
  *run() {
    const hold = yield* inner("tea")
    return hold.id
  }
})
export const outerRun = outer.execute({})
is<Equal<typeof outerRun, Executed<string, Declined, Shop>>>()

// --- phases: R is exact through every option, and never any

export const everything = Phase.make("charge", {
  run: charge("4242", null!),
  undo: refund,
  undoRetry: Schedule.recurs(3),
  undoUnknown: refundByKey,
  retry: often,
  verify: lookUp,
  inDoubt: "ask"
})
is<Equal<ContextOf<typeof everything>, Shop | Refunds | Unknown | Retries | Ledger>>()
is<Equal<ErrorOf<typeof everything>, Declined>>()
is<Equal<SuccessOf<typeof everything>, { readonly id: string }>>()

export const plain = Phase.make("reserve", reserve("tea"))
is<Equal<ContextOf<typeof plain>, Shop>>()
export const undone = Phase.make("reserve", {
  run: reserve("tea"),
  undo: (hold) => Effect.zipRight(Refunds, release(hold))
})
is<Equal<ContextOf<typeof undone>, Shop | Refunds>>()
export const unknown = Phase.make("reserve", { run: Effect.succeed(1), undoUnknown: refundByKey })
is<Equal<ContextOf<typeof unknown>, Unknown>>()
export const verified = Phase.make("charge", { run: charge("4242", null!), verify: lookUp })
is<Equal<ContextOf<typeof verified>, Shop | Ledger>>()
export const retried = Phase.make("ship", { run: ship(null!), retry: often })
is<Equal<ContextOf<typeof retried>, Shop | Retries>>()
export const untyped = Phase.make("n", {
  run: Effect.succeed(1),
  retry: Schedule.recurs(2),
  verify: Effect.succeed(Option.some(1))
})
is<Equal<ContextOf<typeof untyped>, never>>()
is<Equal<ErrorOf<typeof untyped>, never>>()

// what goes with the effect in a third argument: inferred through combinators too
export const third = Phase.make(
  "reserve",
  Effect.map(reserve("tea"), (hold) => hold.id),
  {
    undo: (id) => Effect.zipRight(Refunds, Effect.log(id.toUpperCase())),
    retry: often,
    timeout: "1 minute"
  }
)
is<Equal<SuccessOf<typeof third>, string>>()
is<Equal<ErrorOf<typeof third>, Declined | Cause.TimeoutException>>()
is<Equal<ContextOf<typeof third>, Shop | Refunds | Retries>>()

// with a schema, undo gets what the schema holds
export const when = Phase.make("when", {
  run: Effect.succeed(new Date(0)),
  success: Schema.Date,
  undo: (date) => Effect.log(date.getTime().toFixed())
})
is<Equal<SuccessOf<typeof when>, Date>>()
export const maybe = Phase.make("maybe", {
  run: Effect.succeed<string | undefined>("a"),
  success: Schema.UndefinedOr(Schema.String)
})
is<Equal<SuccessOf<typeof maybe>, string | undefined>>()

// --- failures as values

export const asEither = Phase.either(Phase.make("reserve", { run: reserve("tea"), error: Declined }))
is<Equal<SuccessOf<typeof asEither>, Either.Either<Hold, Declined>>>()
is<Equal<ErrorOf<typeof asEither>, never>>()
is<Equal<ContextOf<typeof asEither>, Shop>>()
export const asExit = Phase.exit(
  Phase.make("charge", { run: charge("4242", null!), error: Declined, undo: refund, retry: often })
)
is<Equal<SuccessOf<typeof asExit>, Exit.Exit<{ readonly id: string }, Declined>>>()
is<Equal<ErrorOf<typeof asExit>, never>>()
is<Equal<ContextOf<typeof asExit>, Shop | Refunds | Retries>>()
export const plainFailure = Phase.either(Phase.make("n", Effect.fail({ code: 1 })))
is<Equal<SuccessOf<typeof plainFailure>, Either.Either<never, { code: number }>>>()
export const noFailure = Phase.either(Phase.make("n", Effect.succeed(1)))
is<Equal<SuccessOf<typeof noFailure>, Either.Either<number>>>()

// a phase with a timeout answers it; a task need not cover it
export const limited = Phase.make("reserve", { run: reserve("tea"), error: Declined, timeout: "5 seconds" })
is<Equal<ErrorOf<typeof limited>, Declined | Cause.TimeoutException>>()
export const limitedEither = Phase.either(limited)
is<Equal<SuccessOf<typeof limitedEither>, Either.Either<Hold, Declined | Cause.TimeoutException>>>()
export const limitedExit = Phase.exit(Phase.make("n", { run: Effect.succeed(1), timeout: 100 }))
is<Equal<SuccessOf<typeof limitedExit>, Exit.Exit<number, Cause.TimeoutException>>>()
export const ownTimeout = Phase.either(Phase.make("n", Effect.timeout(Effect.succeed(1), "1 second")))
is<Equal<SuccessOf<typeof ownTimeout>, Either.Either<number, Cause.TimeoutException>>>()
export const both = Phase.either(Phase.make("r", { run: Effect.timeout(reserve("tea"), "1 second"), error: Declined }))
is<Equal<SuccessOf<typeof both>, Either.Either<Hold, Declined | Cause.TimeoutException>>>()
export const timeouts = Task.make("timeouts", {
  error: Declined,
  *run() {
    yield* limited
    yield* Phase.make("own", Effect.timeout(reserve("tea"), "1 second"))
  }
})
export const timeoutsRun = timeouts.execute({})
is<Equal<typeof timeoutsRun, Executed<void, Declined, Shop>>>()
export const onlyTimeouts = Task.make("only-timeouts", {
  *run() {
    yield* Phase.make("n", { run: Effect.succeed(1), timeout: "1 second" })
  }
})

export const branching = Task.make("branching", {
  success: Schema.Number,
  error: Declined,
  *run() {
    const found = yield* Phase.either(Phase.make("r", { run: reserve("x"), error: Declined }))
    if (Either.isLeft(found)) return yield* Phase.fail(found.left)
    return found.right.qty
  }
})
export const branchingRun = branching.execute({})
is<Equal<typeof branchingRun, Executed<number, Declined, Shop>>>()

// --- checkpoints

export const mark = Phase.checkpoint("here")
is<Equal<SuccessOf<typeof mark>, void>>()
export const data = Phase.checkpoint("here", { data: { rows: [1, 2] }, commit: true })

is<Equal<typeof mark, Phase.Phase<void, never, never, never, true>>>()

export const region = Phase.checkpoint("here", { retry: Retry.forEach(["eu", "us"]) })

is<Equal<Phase.Success<typeof region>, string>>()
is<Equal<Phase.Context<typeof region>, never>>()

export const asks = Phase.checkpoint("here", {
  data: 1,
  retry: Retry.from({ first: 1, next: () => Effect.map(Shop, ({ x }) => (x > 1 ? Retry.pause : Retry.again(x))) })
})

is<Equal<Phase.Context<typeof asks>, Shop>>()
is<Equal<Phase.Success<typeof asks>, number>>()

export const keeps = Phase.checkpoint("here", { data: new Date(0), schema: Schema.Date })

is<Equal<typeof keeps, Phase.Phase<void, never, never, never, true>>>()

declare const days: Duration.Duration

export const forgetful = [
  Phase.checkpoint("here", { keep: "all" }),
  Phase.checkpoint("here", { keep: { last: 5 } }),
  Phase.checkpoint("here", { keep: { for: "3 days" }, data: { n: 1 } }),
  Task.make("t", { keep: { for: days }, *run() {} }),
  Task.make("t", { keep: { for: 86_400_000 }, *run() {} }),
  Layer.succeed(EngineConfig, { ...EngineConfig.defaults, keep: { last: 1 } })
]

is<
  Equal<typeof EngineConfig.defaults.keep, "all" | { readonly last: number } | { readonly for: Duration.DurationInput }>
>()

export const pauses = Phase.checkpoint("here", { retry: Retry.pause, pause: true })

is<Equal<Phase.Success<typeof pauses>, void>>()
is<Equal<SuccessOf<typeof data>, void>>()
is<Equal<ContextOf<typeof data>, never>>()

// --- results that are plain JSON

interface Tree {
  readonly value: number
  readonly children: ReadonlyArray<Tree>
}
const UserId = Schema.String.pipe(Schema.brand("UserId"))
declare const answers: <A>() => Effect.Effect<A>

export const json = {
  tree: Phase.make("tree", answers<Tree>()),
  optional: Phase.make("optional", answers<{ a?: string; b?: { c?: number } }>()),
  tuple: Phase.make("tuple", answers<readonly [1, "x", ...Array<boolean>]>()),
  union: Phase.make("union", answers<{ _tag: "a"; x: 1 } | { _tag: "b" } | null>()),
  brand: Phase.make("brand", answers<string & { readonly __b: "Id" }>()),
  effectBrand: Phase.make("effectBrand", Effect.succeed(UserId.make("x"))),
  record: Phase.make("record", answers<Record<string, number>>()),
  nothing: Phase.make("nothing", Effect.void),
  never: Phase.make("never", Effect.fail(new Declined({ reason: "" })))
}
is<Equal<SuccessOf<typeof json.tree>, Tree>>()
is<Equal<SuccessOf<typeof json.optional>, { a?: string; b?: { c?: number } }>>()
is<Equal<SuccessOf<typeof json.tuple>, readonly [1, "x", ...Array<boolean>]>>()
is<Equal<SuccessOf<typeof json.union>, { _tag: "a"; x: 1 } | { _tag: "b" } | null>>()
is<Equal<SuccessOf<typeof json.brand>, string & { readonly __b: "Id" }>>()
is<Equal<SuccessOf<typeof json.effectBrand>, typeof UserId.Type>>()
is<Equal<SuccessOf<typeof json.record>, Record<string, number>>>()
is<Equal<SuccessOf<typeof json.nothing>, void>>()
is<Equal<SuccessOf<typeof json.never>, never>>()

// --- branches beside each other: the answers in the shape that is given, E and R of all of them

const reserved = Phase.make("reserve", reserve("tea"))
const charged = Phase.make("charge", { run: charge("4242", null!), error: Declined, undo: refund })
const counted = Phase.make("count", Effect.succeed(1))
const spoken = Phase.make("speak", { run: Effect.as(Ledger, "x"), timeout: "1 second" })
type Charge = { readonly id: string }

export const pair = Phase.all([reserved, counted])
is<Equal<typeof pair, Phase.Phase<[Hold, number], Declined, Shop, never, false>>>()
export const struct = Phase.all({ a: charged, b: spoken }, { name: "both", concurrency: 2, mode: "settle" })
is<
  Equal<
    typeof struct,
    Phase.Phase<{ a: Charge; b: string }, Declined | Cause.TimeoutException, Shop | Refunds | Ledger, never, true>
  >
>()
export const inPlace = Phase.all([
  Phase.make(
    "reserve",
    Effect.map(reserve("tea"), (hold) => hold.qty)
  ),
  Phase.make("charge", {
    run: charge("4242", null!),
    undo: refund,
    undoUnknown: refundByKey,
    retry: often,
    verify: lookUp
  }),
  Phase.make("n", { run: Effect.succeed(1), success: Schema.Number })
])
is<
  Equal<
    typeof inPlace,
    Phase.Phase<[number, Charge, number], Declined, Shop | Refunds | Unknown | Retries | Ledger, never, false>
  >
>()
export const list = Phase.all(["a", "b"].map((name) => Phase.make(name, reserve(name))))
is<Equal<typeof list, Phase.Phase<Array<Hold>, Declined, Shop, never, false>>>()
export const noTuple = Phase.all([])
is<Equal<typeof noTuple, Phase.Phase<[], never, never, never, true>>>()
export const noStruct = Phase.all({})
is<Equal<typeof noStruct, Phase.Phase<Record<never, never>, never, never, never, true>>>()

export const each = Phase.forEach("files", ["a", "b"], (file, index) => {
  is<Equal<typeof file, string>>()
  is<Equal<typeof index, number>>()
  return Phase.make("copy", { run: reserve(file), error: Declined })
})
is<Equal<typeof each, Phase.Phase<Array<Hold>, Declined, Shop, never, true>>>()
export const eachKeyed = Phase.forEach("files", new Set([{ id: 1 }]), ({ id }) => Phase.make("n", Effect.succeed(id)), {
  concurrency: "unbounded",
  key: (item, index) => {
    is<Equal<typeof item, { id: number }>>()
    return `${item.id}-${index}`
  }
})
is<Equal<typeof eachKeyed, Phase.Phase<Array<number>, never, never, never, true>>>()
export const eachEither = Phase.forEach("mixed", [1, 2], (n) => (n > 1 ? reserved : spoken))
is<
  Equal<
    typeof eachEither,
    Phase.Phase<Array<Hold | string>, Declined | Cause.TimeoutException, Shop | Ledger, never, false>
  >
>()

export const first = Phase.race([charged, spoken])
is<
  Equal<
    typeof first,
    Phase.Phase<Charge | string, Declined | Cause.TimeoutException, Shop | Refunds | Ledger, never, true>
  >
>()
export const firstNamed = Phase.race({ a: reserved, b: counted }, { name: "first" })
is<Equal<typeof firstNamed, Phase.Phase<Hold | number, Declined, Shop, never, false>>>()

// --- groups: typed as a task's body is

export const group = Phase.group("order", function* (attempt, value) {
  is<Equal<typeof attempt, number>>()
  is<Equal<typeof value, void>>()
  const hold = yield* reserved
  const { a } = yield* struct
  return { qty: hold.qty, charge: a.id }
})
is<
  Equal<
    typeof group,
    Phase.Phase<
      { qty: number; charge: string },
      Declined | Cause.TimeoutException,
      Shop | Refunds | Ledger,
      never,
      false
    >
  >
>()
export const nothing = Phase.group("nothing", function* () {})
is<Equal<typeof nothing, Phase.Phase<void, never, never, never, true>>>()
export const encoded = Phase.group(
  "dated",
  function* () {
    yield* charged
    return new Date(0)
  },
  { success: Schema.Date }
)
is<Equal<typeof encoded, Phase.Phase<Date, Declined, Shop | Refunds, never, true>>>()
export const givesUp = Phase.group("gives-up", function* () {
  yield* counted
  return yield* Phase.fail("no")
})
is<Equal<typeof givesUp, Phase.Phase<never, string, never, never, true>>>()
export const givesUpTyped = Phase.group("gives-up", function* () {
  yield* Phase.fail(new NoStock())
})
is<Equal<typeof givesUpTyped, Phase.Phase<void, NoStock, never, never, false>>>()

// the strategy's value is the body's, its requirements are the group's
export const regions = Phase.group(
  "upload",
  function* (attempt, region) {
    is<Equal<typeof attempt, number>>()
    is<Equal<typeof region, string>>()
    yield* Phase.make("send", ship(null!))
    return region
  },
  { retry: Retry.forEach(["eu", "us"]) }
)
is<Equal<typeof regions, Phase.Phase<string, Declined, Shop, never, false>>>()
export const doubling = Phase.group(
  "double",
  function* (_, n) {
    is<Equal<typeof n, number>>()
    yield* counted
  },
  {
    retry: Retry.from({
      first: 1,
      next: (tries) => {
        is<Equal<typeof tries, readonly [Retry.Try<number>, ...ReadonlyArray<Retry.Try<number>>]>>()
        is<Equal<(typeof tries)[0]["failures"][0], Failure.Failure>>()
        return tries.length < 3 ? Retry.again(tries[0].value * 2, { delay: "1 second" }) : Retry.giveUp
      }
    })
  }
)
is<Equal<typeof doubling, Phase.Phase<void, never, never, never, true>>>()
export const asking = Phase.group(
  "ask",
  function* (_, n) {
    is<Equal<typeof n, number>>()
    yield* counted
  },
  {
    retry: Retry.from({
      first: 1,
      next: ([{ value }]) => Effect.map(Shop, ({ x }) => (x > value ? Retry.revertAll : Retry.again(x)))
    })
  }
)
is<Equal<typeof asking, Phase.Phase<void, never, Shop, never, true>>>()
export const slower = Phase.group(
  "slow",
  function* () {
    yield* counted
  },
  { retry: Retry.schedule(often) }
)
is<Equal<typeof slower, Phase.Phase<void, never, Retries, never, true>>>()
export const strategies = {
  times: Retry.times(3),
  forEach: Retry.forEach(new Set([1, 2])),
  schedule: Retry.schedule(Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(3))),
  failures: Retry.schedule(Schedule.recurWhile((failures: ReadonlyArray<Failure.Failure>) => failures.length < 3)),
  from: Retry.from<"a" | "b">({ first: "a", next: () => Retry.again("b") }),
  valueless: Retry.from({ first: undefined, next: () => Retry.again(undefined) }),
  never: Retry.from({ first: null, next: () => Retry.giveUp })
}
is<Equal<typeof strategies.times, Retry.Retry<void>>>()
is<Equal<typeof strategies.forEach, Retry.Retry<number>>>()
is<Equal<typeof strategies.schedule, Retry.Retry<void>>>()
is<Equal<typeof strategies.failures, Retry.Retry<void>>>()
is<Equal<typeof strategies.from, Retry.Retry<"a" | "b">>>()
is<Equal<typeof strategies.valueless, Retry.Retry<undefined>>>()
is<Equal<typeof strategies.never, Retry.Retry<null>>>()

// --- graphs: answers by name; a function gets those of its needs, and no other

export const graph = Phase.graph(
  "release",
  {
    fetch: { run: reserved },
    count: { run: () => counted },
    lint: { needs: ["fetch"], run: charged },
    build: {
      needs: ["fetch", "count"],
      run: (answers) => {
        is<Equal<typeof answers, { readonly fetch: Hold; readonly count: number }>>()
        return Phase.make("build", Effect.succeed(answers.fetch.qty + answers.count))
      }
    },
    check: {
      needs: ["build"],
      run: ({ build }: { readonly build: number }) =>
        Phase.make("check", { run: Effect.as(Ledger, `${build}`), timeout: 5 })
    },
    publish: {
      needs: ["check", "lint"],
      run: ({ check, lint }) => {
        is<Equal<typeof check, string>>()
        is<Equal<typeof lint, Charge>>()
        return Phase.make("publish", Effect.as(Retries, { published: true }))
      }
    }
  },
  { concurrency: 3, mode: "settle" }
)
is<
  Equal<
    typeof graph,
    Phase.Phase<
      {
        fetch: Hold
        count: number
        lint: Charge
        build: number
        check: string
        publish: { published: boolean }
      },
      Declined | Cause.TimeoutException,
      Shop | Refunds | Ledger | Retries,
      never,
      false
    >
  >
>()
export const free = Phase.graph("free", {
  a: {
    run: (answers) => {
      is<Equal<keyof typeof answers, never>>()
      return counted
    }
  }
})
is<Equal<typeof free, Phase.Phase<{ a: number }, never, never, never, true>>>()
export const noGraph = Phase.graph("none", {})
is<Equal<typeof noGraph, Phase.Phase<Record<never, never>, never, never, never, true>>>()
declare const nodes: Record<string, { needs: ReadonlyArray<string>; run: typeof charged }>
export const built = Phase.graph("built", nodes)
is<Equal<typeof built, Phase.Phase<{ [x: string]: Charge }, Declined, Shop | Refunds, never, true>>>()

// --- child tasks: the child's result, error and requirements

export const child = placeOrder.phase({ sku: "tea", card: "4242" }, { name: "order", id: "order-7" })
is<Equal<typeof child, Phase.Phase<string, Declined, Shop | Refunds, never, true>>>()
export const childless = bare.phase({})
is<Equal<typeof childless, Phase.Phase<{ readonly n: number }, never, never, never, true>>>()
export const parent = Task.make("parent", {
  error: Declined,
  success: Schema.Array(Schema.String),
  revertConcurrency: 4,
  *run() {
    return yield* Phase.forEach("orders", ["a", "b"], (sku) => placeOrder.phase({ sku, card: "1" }))
  }
})
export const parentRun = parent.execute({})
is<Equal<typeof parentRun, Executed<ReadonlyArray<string>, Declined, Shop | Refunds>>>()

// --- in each other, and as values

export const nested = Phase.all({
  groups: Phase.forEach("groups", [1, 2], (n) =>
    Phase.group("each", function* () {
      const winner = yield* Phase.race([charged, spoken])
      const { built } = yield* Phase.graph("inner", {
        built: { run: Phase.forEach("parts", ["x"], () => Phase.all([charged, child])) }
      })
      return { n, winner, built }
    })
  ),
  other: Phase.all([
    Phase.all([counted]),
    Phase.group("inner", function* () {
      return (yield* pair)[1]
    })
  ])
})
is<
  Equal<
    typeof nested,
    Phase.Phase<
      {
        groups: Array<{ n: number; winner: string | Charge; built: Array<[Charge, string]> }>
        other: [[number], number]
      },
      Declined | Cause.TimeoutException,
      Shop | Refunds | Ledger,
      never,
      false
    >
  >
>()

export const allEither = Phase.either(struct)
is<
  Equal<
    typeof allEither,
    Phase.Phase<
      Either.Either<{ a: Charge; b: string }, Declined | Cause.TimeoutException>,
      never,
      Shop | Refunds | Ledger,
      never,
      true
    >
  >
>()
export const eachExit = Phase.exit(each)
is<Equal<typeof eachExit, Phase.Phase<Exit.Exit<Array<Hold>, Declined>, never, Shop, never, true>>>()
export const groupEither = Phase.either(encoded)
is<Equal<typeof groupEither, Phase.Phase<Either.Either<Date, Declined>, never, Shop | Refunds, never, true>>>()
export const givesUpEither = Phase.either(givesUp)
is<Equal<SuccessOf<typeof givesUpEither>, Either.Either<never, string>>>()
export const raceExit = Phase.exit(first)
is<Equal<SuccessOf<typeof raceExit>, Exit.Exit<Charge | string, Declined | Cause.TimeoutException>>>()
export const graphEither = Phase.either(built)
is<Equal<SuccessOf<typeof graphEither>, Either.Either<{ [x: string]: Charge }, Declined>>>()
export const childEither = Phase.either(child)
is<Equal<typeof childEither, Phase.Phase<Either.Either<string, Declined>, never, Shop | Refunds, never, true>>>()
export const eithers = Phase.all([asEither, groupEither, reserved])
is<Equal<ErrorOf<typeof eithers>, Declined>>()
is<Equal<ErrorOf<typeof allEither>, never>>()

export const concurrent = Task.make("concurrent", {
  error: Declined,
  success: Schema.Number,
  *run() {
    const [hold, n] = yield* pair
    const found = yield* allEither
    yield* nested
    const { publish } = yield* graph
    return Either.isLeft(found) || publish.published ? hold.qty : n
  }
})
export const concurrentRun = concurrent.execute({})
is<Equal<typeof concurrentRun, Executed<number, Declined, Shop | Refunds | Ledger | Retries>>>()

// --- what waits: nothing, an instant, somebody's answer

export const slept = Phase.sleep("a while", "3 days")
is<Equal<typeof slept, Phase.Phase<void, never, never, never, true>>>()
export const sleptUntil = [
  Phase.sleepUntil("date", new Date(0)),
  Phase.sleepUntil("utc", DateTime.unsafeMake(0)),
  Phase.sleepUntil("ms", 0)
]
is<Equal<typeof sleptUntil, Array<Phase.Phase<void, never, never, never, true>>>>()

const Approval = Schema.Struct({ by: Schema.String, at: Schema.Date })
interface Approved {
  readonly by: string
  readonly at: Date
}

export const signaled = Phase.signal("go")
is<Equal<typeof signaled, Phase.Phase<void, never, never, never, true>>>()
export const told = Phase.signal("approval", Approval, { timeout: "3 days" })
is<Equal<typeof told, Phase.Phase<Approved, Cause.TimeoutException, never, never, true>>>()
export const toldEither = Phase.either(told)
is<Equal<SuccessOf<typeof toldEither>, Either.Either<Approved, Cause.TimeoutException>>>()

declare const mail: (token: string) => Effect.Effect<number, Declined, Shop>
export const delegated = Phase.delegate("approve")
is<Equal<typeof delegated, Phase.Phase<void, never, never, never, true>>>()
export const notified = Phase.delegate("approve", {
  success: Approval,
  error: Schema.Union(Declined, NoStock),
  notify: mail,
  timeout: "3 days",
  heartbeat: "1 hour",
  retry: often,
  undo: ({ at, by }) => Effect.zipRight(Refunds, Effect.log(by.toUpperCase(), at.getTime())),
  undoRetry: Schedule.recurs(3),
  undoUnknown: refundByKey
})
is<Equal<SuccessOf<typeof notified>, Approved>>()
is<Equal<ErrorOf<typeof notified>, Declined | NoStock | Cause.TimeoutException>>()
is<Equal<ContextOf<typeof notified>, Shop | Refunds | Unknown | Retries>>()
export const notifiedEither = Phase.either(notified)
is<Equal<SuccessOf<typeof notifiedEither>, Either.Either<Approved, Declined | NoStock | Cause.TimeoutException>>>()
export const notifiedExit = Phase.exit(notified)
is<Equal<SuccessOf<typeof notifiedExit>, Exit.Exit<Approved, Declined | NoStock | Cause.TimeoutException>>>()
export const untold = Phase.delegate("approve", { success: Schema.Number, notify: (token) => mail(token.trim()) })
is<Equal<typeof untold, Phase.Phase<number, Declined, Shop, never, false>>>()
export const beating = Phase.delegate("approve", { heartbeat: "1 minute", undo: () => Effect.asVoid(Refunds) })
is<Equal<typeof beating, Phase.Phase<void, Cause.TimeoutException, Refunds, never, true>>>()

// a phase whose effect leaves the answer to somebody else: what it answers then is what `success` holds
export const put = Phase.make("put", { success: Approval, run: Effect.as(Shop, Phase.later()) })
is<Equal<typeof put, Phase.Phase<Approved, never, Shop, never, true>>>()
export const putOff = Phase.make("put", {
  success: Approval,
  error: Declined,
  run: Effect.gen(function* () {
    const token = yield* Phase.token
    if (token === "") return { by: token, at: new Date(0) }
    return Phase.later({ timeout: "3 days" })
  }),
  undo: ({ at }) => Effect.zipRight(Refunds, Effect.log(at.getTime())),
  verify: Effect.zipRight(Ledger, Effect.succeedNone)
})
is<Equal<SuccessOf<typeof putOff>, Approved>>()
is<Equal<ErrorOf<typeof putOff>, Declined | Cause.TimeoutException>>()
is<Equal<ContextOf<typeof putOff>, Refunds | Ledger>>()
export const putThird = Phase.make(
  "put",
  Effect.map(Shop, ({ x }) => (x > 1 ? x : Phase.later({ heartbeat: 100 }))),
  { success: Schema.Number, undo: (x) => Effect.log(x.toFixed()) }
)
is<Equal<typeof putThird, Phase.Phase<number, Cause.TimeoutException, Shop, never, true>>>()
export const putEither = Phase.either(putOff)
is<Equal<SuccessOf<typeof putEither>, Either.Either<Approved, Declined | Cause.TimeoutException>>>()

// a group and a task with a time limit
export const inTime = Phase.group("g", () => inner("tea"), { timeout: "1 hour", retry: Retry.times(2) })
is<Equal<ErrorOf<typeof inTime>, Declined | Cause.TimeoutException>>()
is<Equal<ContextOf<typeof inTime>, Shop>>()
export const inTimeEither = Phase.either(
  Phase.group(
    "g",
    function* () {
      return yield* Phase.signal("n", Schema.Number)
    },
    { timeout: "1 hour" }
  )
)
is<Equal<SuccessOf<typeof inTimeEither>, Either.Either<number, Cause.TimeoutException>>>()
export const waiting = Task.make("waiting", {
  timeout: "30 days",
  error: Schema.Union(Declined, NoStock),
  *run() {
    yield* slept
    yield* signaled
    const [{ by }, answer] = yield* Phase.all([notified, told])
    yield* Phase.group("g", () => inner(by), { timeout: "1 hour" })
    yield* Phase.race({ answer: putOff, sleep: Phase.sleepUntil("then", answer.at) })
  }
})
export const waitingRun = waiting.execute({})
is<Equal<typeof waitingRun, Executed<void, Declined | NoStock, Shop | Refunds | Unknown | Retries | Ledger>>>()

// --- a phase's Scope is its own

declare const scoped: Effect.Effect<number, never, Scope.Scope | Shop>
export const own = Phase.make("file", {
  run: scoped,
  undo: () => Effect.zipRight(Refunds, scoped),
  undoUnknown: () => scoped,
  verify: Effect.map(scoped, Option.some)
})
is<Equal<typeof own, Phase.Phase<number, never, Shop | Refunds, never, true>>>()
export const onlyScope = Phase.all([
  Phase.make(
    "file",
    Effect.acquireRelease(Effect.succeed(1), () => Effect.void)
  )
])
is<Equal<typeof onlyScope, Phase.Phase<[number], never, never, never, true>>>()

// --- stages: their failures, results and requirements are the task's

const Page = Task.stage("page", { state: { n: Schema.Number, since: Schema.Date } })
const Done = Task.stage("done", { state: Schema.String })
const Optional = Task.stage("optional", { state: { cursor: Schema.String.pipe(Schema.optionalWith({ exact: true })) } })
declare const fetchPage: (n: number) => Effect.Effect<number, Declined, Shop>
declare const store: (n: number) => Effect.Effect<void, NoStock, Ledger>
export const staged = Task.make("staged", {
  payload: { from: Schema.Number },
  success: Schema.Number,
  error: Schema.Union(Declined, NoStock),
  stages: [
    Page.body(function* ({ n, since }) {
      is<Equal<typeof since, Date>>()
      const next = yield* Phase.make("fetch", fetchPage(n))
      if (next > 3) return yield* Done.enter(String(next))
      if (next > 2) return next
      return yield* Page.enter({ n: next, since })
    }),
    Done.body(function* (text) {
      is<Equal<typeof text, string>>()
      yield* Phase.make("store", store(text.length))
      return text.length
    })
  ],
  *run({ from }) {
    return yield* Page.enter({ n: from, since: new Date(0) })
  }
})
export const stagedRun = staged.execute({ from: 1 })
is<Equal<typeof stagedRun, Executed<number, Declined | NoStock, Shop | Ledger>>>()
export const stagedPhase = staged.phase({ from: 1 })
is<Equal<typeof stagedPhase, Phase.Phase<number, Declined | NoStock, Shop | Ledger, never, true>>>()
export const unused = Task.make("unused", {
  stages: [
    Optional.body(function* ({ cursor }) {
      is<Equal<typeof cursor, string | undefined>>()
    })
  ],
  *run() {
    yield* Phase.checkpoint("x")
    if (Math.random() > 2) return yield* Optional.enter({})
  }
})
is<Equal<ReturnType<typeof unused.execute>, Executed<void, never, never>>>()
export const stagedOwn = Task.make("staged-own", {
  stages: [
    Done.body(function* () {
      yield* Phase.make("x", Effect.void, { undo: () => Refunds })
    })
  ],
  *run() {
    return yield* Done.enter("x")
  },
  *revert(completed) {
    for (const phase of completed) yield* phase.undo
    yield* Phase.make("y", Effect.asVoid(Shop))
  }
})
is<Equal<ReturnType<typeof stagedOwn.execute>, Executed<void, never, Refunds | Shop>>>()

// --- no any where none was written

not<IsAny<SuccessOf<typeof everything>>>()
not<IsAny<ErrorOf<typeof everything>>>()
not<IsAny<ContextOf<typeof everything>>>()
not<IsAny<Effect.Effect.Context<typeof placed>>>()
not<IsAny<Effect.Effect.Error<typeof placed>>>()
not<IsAny<Task.FailuresOf<Phase.Yielded<Declined, Shop>>>>()
is<Equal<Task.RequirementsOf<Phase.Yielded<Declined, Shop> | Phase.Yielded<never, Refunds>>, Shop | Refunds>>()
for (const phase of [
  notified,
  untold,
  beating,
  put,
  putOff,
  putThird,
  told,
  inTime,
  inPlace,
  struct,
  each,
  eachEither,
  first,
  group,
  regions,
  asking,
  graph,
  nested,
  child
]) {
  not<IsAny<SuccessOf<typeof phase>>>()
  not<IsAny<ErrorOf<typeof phase>>>()
  not<IsAny<ContextOf<typeof phase>>>()
}
is<Equal<typeof Phase.key, Effect.Effect<string>>>()
is<Equal<typeof Phase.attempt, Effect.Effect<number>>>()
is<Equal<typeof Phase.token, Effect.Effect<string>>>()
