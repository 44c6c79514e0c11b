/** The cases of the crash matrix in which a task goes from stage to stage. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import type { Case, Operator } from "./Matrix.js"
import { broken, flaky, hangs, is, once, resume, revert, step } from "./Steps.js"
import type { World } from "./World.js"

const Page = Task.stage("page", { state: { n: Schema.Number } })
const Other = Task.stage("other", { state: Schema.String })
const Idle = Task.stage("idle", { state: { left: Schema.Number } })

const left = (world: World, name: string) => Phase.make(`leave ${name}`, world.does(`leave ${name}`, 1))

const nobody: Operator = () => undefined

/** Pages with a phase each, until `last` says what follows. */
const pages = <A, E>(
  world: World,
  last: number,
  options: {
    readonly onFailure?: "halt" | "revert"
    readonly cleans?: boolean
    readonly commit?: number
    readonly end: (n: number) => Phase.Phase<A, E>
  }
) =>
  Task.make("t", {
    success: Schema.Unknown,
    error: Schema.Unknown,
    onFailure: options.onFailure ?? "halt",
    stages: [
      Page.body(function* ({ n }) {
        try {
          yield* step(world, `fetch ${n}`)
          if (options.commit === n) yield* Phase.checkpoint("commit", { commit: true })
          if (n >= last) return yield* options.end(n)
          return yield* Page.enter({ n: n + 1 })
        } finally {
          if (options.cleans === true) yield* left(world, String(n))
        }
      })
    ],
    *run() {
      yield* step(world, "a")
      return yield* Page.enter({ n: 1 })
    }
  })

const on =
  (position: string) =>
  (status: Parameters<Operator>[0]): boolean =>
    status.status === "Running" && status.position === position

export const staged: ReadonlyArray<Case> = [
  {
    name: "stages one after the other",
    ends: "Completed",
    leaves: ["a", "fetch 1", "fetch 2", "fetch 3", "b"],
    make: (world) => pages(world, 3, { end: () => step(world, "b") })
  },
  {
    name: "stages that clean up as they are left",
    ends: "Completed",
    leaves: ["a", "fetch 1", "fetch 2", "leave 1", "leave 2", "b"],
    make: (world) => pages(world, 2, { cleans: true, end: () => step(world, "b") })
  },
  {
    name: "stages are reverted by an operator",
    ends: "Reverted",
    leaves: ["leave 1", "leave 2", "leave 3"],
    operator: once(is("Completed"), revert),
    make: (world) => pages(world, 3, { cleans: true, end: () => step(world, "b") })
  },
  {
    name: "a failure in a stage reverts all of them",
    ends: "Reverted",
    leaves: ["leave 1", "leave 2"],
    make: (world) => pages(world, 2, { cleans: true, onFailure: "revert", end: () => broken(world, "b") })
  },
  {
    name: "a failure in a stage reverts to a point of no return in one before",
    ends: "Reverted",
    leaves: ["a", "fetch 1", "fetch 2"],
    make: (world) => pages(world, 4, { commit: 2, onFailure: "revert", end: () => broken(world, "b") })
  },
  {
    name: "a stage fails, and is resumed",
    ends: "Completed",
    leaves: ["a", "fetch 1", "fetch 2"],
    operator: once(is("Failed"), resume),
    make: (world) => pages(world, 2, { end: () => Phase.make("b", flaky(world, 1)) })
  },
  ...(["Closed", "Reverted"] as const).map(
    (ends): Case => ({
      name: ends === "Closed" ? "a stage is closed" : "a stage is closed with a revert",
      ends,
      leaves: ends === "Closed" ? ["a", "fetch 1", "fetch 2", "leave 1", "leave 2"] : ["leave 1", "leave 2"],
      operator: once(on("@page#2/b"), ({ id }, engine) => engine.close(id, { revert: ends === "Reverted" })),
      make: (world) => pages(world, 2, { cleans: true, end: () => hangs(world, "b") })
    })
  ),
  {
    name: "closed while a stage is left",
    ends: "Closed",
    leaves: ["a", "one", "two"],
    operator: once(on("close/one"), ({ id }, engine) => engine.close(id)),
    make: (world) =>
      Task.make("t", {
        stages: [
          Other.body(function* () {
            yield* step(world, "never")
          })
        ],
        *run() {
          try {
            yield* step(world, "a")
            return yield* Other.enter("x")
          } finally {
            yield* Phase.make("one", {
              run: world.seen(({ execution, key }) => {
                world.outside.set("one", key)
                return world.history(execution).status === "Closing"
                  ? Effect.void
                  : (Effect.never as Effect.Effect<void>)
              })
            })
            yield* Phase.make("two", world.does("two", 2))
          }
        }
      })
  },
  {
    name: "a revert of its own over stages",
    ends: "Reverted",
    leaves: [],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        stages: [
          Page.body(function* ({ n }) {
            yield* step(world, `fetch ${n}`)
            if (n < 2) return yield* Page.enter({ n: n + 1 })
            return yield* Other.enter("no")
          }),
          Other.body(function* (why) {
            yield* step(world, "other")
            yield* Phase.fail(why)
          })
        ],
        *run() {
          yield* step(world, "a")
          return yield* Page.enter({ n: 1 })
        },
        *revert(completed) {
          for (const phase of completed) {
            if (phase.value === "other") yield* Phase.make("drop", world.undoes("other"))
            else yield* phase.undo
          }
        }
      })
  },
  {
    name: "groups, branches and retries in stages, reverted",
    ends: "Reverted",
    leaves: [],
    operator: once(is("Completed"), revert),
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        stages: [
          Page.body(function* ({ n }) {
            yield* Phase.all({
              x: step(world, `x ${n}`),
              y: Phase.group("y", function* () {
                yield* step(world, `y ${n}`)
                yield* Phase.sleep("nap", "11 seconds")
              })
            })
            yield* Phase.group(
              "again",
              function* () {
                yield* step(world, `z ${n}`)
                if (n === 1) yield* Phase.make("f", flaky(world, 1))
              },
              { retry: Retry.times(3) }
            )
            if (n < 2) return yield* Page.enter({ n: n + 1 })
          })
        ],
        *run() {
          yield* Phase.race([step(world, "a"), Phase.sleep("late", "1 minute")])
          return yield* Page.enter({ n: 1 })
        }
      })
  },
  {
    name: "children in stages, reverted",
    ends: "Reverted",
    leaves: [],
    family: { "one/@page#1/child": "Reverted", "one/@page#2/child": "Reverted" },
    operator: once(is("Completed"), revert),
    make: (world) => {
      const child = Task.make("child", {
        payload: { n: Schema.Number },
        *run({ n }) {
          yield* step(world, `of child ${n}`)
        }
      })
      return Task.make("t", {
        stages: [
          Page.body(function* ({ n }) {
            yield* child.phase({ n })
            if (n < 2) return yield* Page.enter({ n: n + 1 })
          })
        ],
        *run() {
          return yield* Page.enter({ n: 1 })
        }
      })
    }
  },
  {
    name: "stages without a phase, one after the other",
    ends: "Completed",
    leaves: ["end"],
    make: (world) =>
      Task.make("t", {
        stages: [
          Idle.body(function* ({ left: more }) {
            if (more > 0) return yield* Idle.enter({ left: more - 1 })
            yield* step(world, "end")
          })
        ],
        *run() {
          return yield* Idle.enter({ left: 3 })
        }
      })
  },
  {
    name: "a task whose time is over in a stage",
    ends: "Failed",
    leaves: ["a"],
    operator: nobody,
    make: (world) =>
      Task.make("t", {
        timeout: "30 seconds",
        stages: [
          Other.body(function* (name) {
            yield* step(world, name)
            yield* Phase.sleep("long", "1 hour")
          })
        ],
        *run() {
          yield* Phase.sleep("nap", "11 seconds")
          return yield* Other.enter("a")
        }
      })
  },
  {
    name: "back to a checkpoint in a stage, once while that is being left",
    ends: "Completed",
    leaves: ["a", "fetch 1", "b", "leave 1", "end"],
    operator: once(
      (status) => status.status === "Failed" && status.position === "@page#1/close/leave 1",
      ({ id }, engine) => engine.revert(id, { to: "mark", then: "retry" })
    ),
    make: (world) =>
      Task.make("t", {
        stages: [
          Page.body(function* ({ n }) {
            try {
              yield* step(world, `fetch ${n}`)
              yield* Phase.checkpoint("mark")
              yield* step(world, "b")
              return yield* Other.enter("x")
            } finally {
              yield* Phase.make("leave 1", {
                run: world.does("leave 1", 1),
                inDoubt: "ask"
              })
            }
          }),
          Other.body(function* () {
            yield* step(world, "end")
          })
        ],
        *run() {
          yield* step(world, "a")
          return yield* Page.enter({ n: 1 })
        }
      })
  },
  {
    name: "a checkpoint has what follows it in its stage tried again, and nothing of a later one",
    ends: "Failed",
    leaves: ["a", "fetch 1", "b", "fetch 2"],
    make: (world) =>
      Task.make("t", {
        error: Schema.String,
        stages: [
          Page.body(function* ({ n }) {
            yield* step(world, `fetch ${n}`)
            if (n === 2) yield* broken(world, "no")
            yield* Phase.checkpoint("mark", { retry: Retry.times(5) })
            yield* step(world, "b")
            yield* Phase.make("f", flaky(world, 2))
            return yield* Page.enter({ n: 2 })
          })
        ],
        *run() {
          yield* step(world, "a")
          return yield* Page.enter({ n: 1 })
        }
      })
  }
]
