/** What must compile, and the exact types it must infer: `tsc` is the test. */
import type { PlatformError } from "@effect/platform/Error"
import { PlatformError as PlatformErrorSchema } from "@effect/platform/Error"
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Task, type TaskEngine } from "tidemark"
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

// --- no any where none was written

not<IsAny<SuccessOf<typeof everything>>>()
not<IsAny<ErrorOf<typeof everything>>>()
not<IsAny<ContextOf<typeof everything>>>()
not<IsAny<Effect.Effect.Context<typeof placed>>>()
not<IsAny<Effect.Effect.Error<typeof placed>>>()
not<IsAny<Task.FailuresOf<Phase.Yielded<Declined, Shop>>>>()
is<Equal<Task.RequirementsOf<Phase.Yielded<Declined, Shop> | Phase.Yielded<never, Refunds>>, Shop | Refunds>>()
is<Equal<typeof Phase.key, Effect.Effect<string>>>()
is<Equal<typeof Phase.attempt, Effect.Effect<number>>>()
