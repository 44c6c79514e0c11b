/** Every combinator in every other: the answers, E and R are those of what is inside, exactly; `tsc` is the test. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task, type TaskEngine } from "tidemark"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type IsAny<T> = 0 extends 1 & T ? true : false
const is = <T extends true>(): T => true as T

type SuccessOf<P> = P extends Phase.Phase<infer A, infer _E, infer _R, infer _S, infer _N> ? A : "not a phase"
type ErrorOf<P> = P extends Phase.Phase<infer _A, infer E, infer _R, infer _S, infer _N> ? E : "not a phase"
type ContextOf<P> = P extends Phase.Phase<infer _A, infer _E, infer R, infer _S, infer _N> ? R : "not a phase"

// --- work whose error and services carry the name of where it is

interface Failed<K> {
  readonly failed: K
}
interface Runs<K> {
  readonly runs: (k: K) => K
}
interface Undoes<K> {
  readonly undoes: (k: K) => K
}
interface Unknown<K> {
  readonly unknown: (k: K) => K
}
interface Retries<K> {
  readonly retries: (k: K) => K
}
declare const run: <const K extends string>(k: K) => Effect.Effect<K, Failed<K>, Runs<K>>
declare const undo: <const K extends string>(k: K) => Effect.Effect<void, never, Undoes<K>>
declare const unknown: <const K extends string>(k: K) => Effect.Effect<void, never, Unknown<K>>
declare const retry: <const K extends string>(k: K) => Schedule.Schedule<number, unknown, Retries<K>>

type Fails<K> = K extends string ? Failed<K> : never
type Needs<K> = K extends string ? Runs<K> | Undoes<K> | Unknown<K> | Retries<K> : never

const phases = {
  alone: Phase.make("p", {
    run: run("alone"),
    undo: () => undo("alone"),
    undoUnknown: () => unknown("alone"),
    retry: retry("alone")
  }),
  all: Phase.make("p", {
    run: run("all"),
    undo: () => undo("all"),
    undoUnknown: () => unknown("all"),
    retry: retry("all")
  }),
  each: Phase.make("p", {
    run: run("each"),
    undo: () => undo("each"),
    undoUnknown: () => unknown("each"),
    retry: retry("each")
  }),
  race: Phase.make("p", {
    run: run("race"),
    undo: () => undo("race"),
    undoUnknown: () => unknown("race"),
    retry: retry("race")
  }),
  group: Phase.make("p", run("group"), {
    undo: () => undo("group"),
    undoUnknown: () => unknown("group"),
    retry: retry("group")
  }),
  graph: Phase.make("p", run("graph"), {
    undo: () => undo("graph"),
    undoUnknown: () => unknown("graph"),
    retry: retry("graph")
  }),
  child: Phase.make("p", run("child"), {
    undo: () => undo("child"),
    undoUnknown: () => unknown("child"),
    retry: retry("child")
  })
}
is<Equal<ContextOf<typeof phases.alone>, Needs<"alone">>>()

const ChildFailed = Schema.Struct({ failed: Schema.Literal("child") })
const child = Task.make("child", {
  success: Schema.Literal("child"),
  error: ChildFailed,
  *run() {
    return yield* phases.child
  }
})

// --- each of them around a phase

const inside = {
  alone: phases.alone,
  all: Phase.all([phases.all]),
  each: Phase.forEach("each", [1], () => phases.each),
  race: Phase.race([phases.race]),
  group: Phase.group("group", function* () {
    return yield* phases.group
  }),
  graph: Phase.graph("graph", { node: { run: phases.graph } }),
  child: child.phase({})
}
type Inside = keyof typeof inside
type Everything = { [K in Inside]: SuccessOf<(typeof inside)[K]> }

is<Equal<Everything["all"], ["all"]>>()
is<Equal<Everything["each"], Array<"each">>>()
is<Equal<Everything["race"], "race">>()
is<Equal<Everything["group"], "group">>()
is<Equal<Everything["graph"], { node: "graph" }>>()
is<Equal<Everything["child"], "child">>()

// --- each of them around all of these

const { all, alone, child: called, each, graph, group, race } = inside

const outside = {
  all: Phase.all(inside),
  tuple: Phase.all([alone, all, each, race, group, graph, called]),
  each: Phase.forEach(
    "x",
    ["alone", "all", "each", "race", "group", "graph", "child"] as const,
    (name) => inside[name]
  ),
  race: Phase.race(inside),
  group: Phase.group("x", function* () {
    yield* all
    yield* each
    yield* race
    yield* group
    yield* graph
    yield* called
    return yield* alone
  }),
  tried: Phase.group(
    "x",
    function* (_attempt, value) {
      yield* Phase.all({ all, each, race, group, graph, called })
      yield* alone
      return value
    },
    { retry: Retry.from({ first: 1, next: () => Effect.as(decides, Retry.giveUp) }) }
  ),
  graph: Phase.graph("x", {
    alone: { run: alone },
    all: { needs: ["alone"], run: all },
    each: { needs: ["all"], run: each },
    race: { needs: ["all", "each"], run: race },
    group: { run: group },
    graph: { run: graph },
    child: { run: called }
  }),
  made: Phase.graph("x", {
    alone: { run: alone },
    all: { needs: ["alone"], run: () => all },
    each: { needs: ["all"], run: () => each },
    race: {
      needs: ["alone"],
      run: ({ alone }) => {
        is<Equal<typeof alone, "alone">>()
        return race
      }
    },
    group: {
      needs: ["all", "alone"],
      run: ({ alone }) => {
        is<Equal<typeof alone, "alone">>()
        return group
      }
    },
    graph: { run: () => graph },
    child: { run: () => called }
  })
}
declare const decides: Effect.Effect<void, never, Runs<"decision">>
type Outside = typeof outside

is<Equal<{ [K in keyof Outside]: IsAny<ContextOf<Outside[K]>> | IsAny<ErrorOf<Outside[K]>> }[keyof Outside], false>>()
is<Equal<ContextOf<Outside["all"]>, Needs<Inside>>>()
is<Equal<ContextOf<Outside["tuple"]>, Needs<Inside>>>()
is<Equal<ContextOf<Outside["each"]>, Needs<Inside>>>()
is<Equal<ContextOf<Outside["race"]>, Needs<Inside>>>()
is<Equal<ContextOf<Outside["group"]>, Needs<Inside>>>()
is<Equal<ContextOf<Outside["tried"]>, Needs<Inside> | Runs<"decision">>>()
is<Equal<ContextOf<Outside["graph"]>, Needs<Inside>>>()
is<Equal<ContextOf<Outside["made"]>, Needs<Inside>>>()

is<Equal<ErrorOf<Outside["all"]>, Fails<Inside>>>()
is<Equal<ErrorOf<Outside["tuple"]>, Fails<Inside>>>()
is<Equal<ErrorOf<Outside["each"]>, Fails<Inside>>>()
is<Equal<ErrorOf<Outside["race"]>, Fails<Inside>>>()
is<Equal<ErrorOf<Outside["group"]>, Fails<Inside>>>()
is<Equal<ErrorOf<Outside["tried"]>, Fails<Inside>>>()
is<Equal<ErrorOf<Outside["graph"]>, Fails<Inside>>>()
is<Equal<ErrorOf<Outside["made"]>, Fails<Inside>>>()

is<Equal<SuccessOf<Outside["all"]>, Everything>>()
is<Equal<SuccessOf<Outside["tuple"]>, ["alone", ["all"], Array<"each">, "race", "group", { node: "graph" }, "child"]>>()
is<Equal<SuccessOf<Outside["each"]>, Array<Everything[Inside]>>>()
is<Equal<SuccessOf<Outside["race"]>, Everything[Inside]>>()
is<Equal<SuccessOf<Outside["group"]>, "alone">>()
is<Equal<SuccessOf<Outside["tried"]>, number>>()
is<Equal<SuccessOf<Outside["graph"]>, Everything>>()
is<Equal<SuccessOf<Outside["made"]>, Everything>>()

// --- three deep, as values, and as a task

export const deep = Phase.all([
  Phase.race({ tuple: outside.tuple, made: outside.made }),
  Phase.forEach("y", [1], () => outside.tried)
])
is<Equal<ContextOf<typeof deep>, Needs<Inside> | Runs<"decision">>>()
is<Equal<ErrorOf<typeof deep>, Fails<Inside>>>()

export const asEither = Phase.either(outside.graph)
is<Equal<SuccessOf<typeof asEither>, Either.Either<Everything, Fails<Inside>>>>()
is<Equal<ErrorOf<typeof asEither>, never>>()
is<Equal<ContextOf<typeof asEither>, Needs<Inside>>>()
export const asExit = Phase.exit(deep)
is<Equal<SuccessOf<typeof asExit>, Exit.Exit<SuccessOf<typeof deep>, Fails<Inside>>>>()
is<Equal<ErrorOf<typeof asExit>, never>>()
is<Equal<ContextOf<typeof asExit>, Needs<Inside> | Runs<"decision">>>()

export const limited = Phase.all([
  Phase.either(Phase.all([Phase.make("p", { run: run("alone"), timeout: "1 second" })]))
])
is<Equal<SuccessOf<typeof limited>, [Either.Either<["alone"], Failed<"alone"> | Cause.TimeoutException>]>>()

const Name = Schema.Literal("alone", "all", "each", "race", "group", "graph", "child")
export const task = Task.make("task", {
  error: Schema.Struct({ failed: Name }) as unknown as Schema.Schema<Fails<Inside>>,
  *run() {
    yield* deep
    yield* asEither
  },
  *revert(completed) {
    for (const phase of completed) yield* Phase.all([phase.undo, Phase.make("own", Effect.as(decides, 1))])
  }
})
is<Equal<typeof task.layer, Layer.Layer<never, never, Needs<Inside> | Runs<"decision"> | TaskEngine>>>()

// --- a graph whose functions take what TypeScript does not know, and do not use it

const number = (n: number) => Phase.make("n", Effect.succeed(n))
export const unused = Phase.graph("x", {
  a: { run: number(1) },
  b: { needs: ["a"], run: ({ a }) => number(a) },
  c: { needs: ["a", "b"], run: ({ a }) => number(a) },
  d: { needs: ["b", "c"], run: () => number(2) },
  e: { needs: ["a", "d"], run: ({ a, d }: { a: number; d: number }) => number(a + d) }
})
is<Equal<SuccessOf<typeof unused>, { a: number; b: number; c: number; d: number; e: number }>>()
