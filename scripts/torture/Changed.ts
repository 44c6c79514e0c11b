/** Definitions of a task, written down as data, so that they can be changed as authors change code. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import type { Random } from "./Random.js"
import type { World } from "./World.js"

export type Statement =
  | { readonly is: "phase"; readonly name: string; readonly type: "text" | "number"; readonly either: boolean }
  | { readonly is: "mark"; readonly name: string }
  | { readonly is: "all" | "group"; readonly name: string; readonly parts: ReadonlyArray<string> }
  | { readonly is: "child"; readonly name: "one" | "two" }

export type Definition = ReadonlyArray<Statement>

// --- as written

const phase = (name: string): Statement => ({ is: "phase", name, type: "text", either: false })

/** The definition of a seed. Some names come twice. */
export const write = (random: Random): Definition => {
  const parts = (least: number) => Array.from({ length: least + random.below(3) }, (_, index) => `q${index}`)
  return Array.from({ length: 4 + random.below(4) }, (_, index): Statement => {
    const name = random.chance(0.2) && index > 0 ? `p${index - 1}` : `p${index}`
    switch (random.below(9)) {
      case 0:
        return { is: "mark", name }
      case 1:
        return { is: "all", name, parts: parts(2) }
      case 2:
        return { is: "group", name, parts: parts(1) }
      case 3:
        return { is: "child", name: random.pick(["one", "two"]) }
      default:
        return { is: "phase", name, type: random.pick(["text", "number"]), either: random.chance(0.2) }
    }
  })
}

// --- as it runs

const step = (world: World, name: string, late: boolean) => {
  const does = world.does(name, name)
  return Phase.make(name, {
    run: late ? Effect.delay(does, "1 second") : does,
    success: Schema.String,
    undo: () => world.undoes(name)
  })
}

const typed = (world: World, { either, name, type }: Extract<Statement, { is: "phase" }>) => {
  const numbers = Phase.make(name, { run: world.does(name, name.length), success: Schema.Number })
  const made = type === "text" ? step(world, name, false) : (numbers as Phase.Phase<string | number, never, never>)
  return either ? Phase.either(made as Phase.Phase<string | number, never, never>) : made
}

const text = (value: unknown): string => String(Either.isEither(value) ? Either.merge(value) : value)

export const children = (world: World) => {
  const of = (name: "one" | "two") =>
    Task.make(name, {
      success: Schema.String,
      *run() {
        return yield* step(world, `inner of ${name}`, false)
      }
    })
  return { one: of("one"), two: of("two") }
}

/** The task of a definition. `late`: its phases take another time, by other code. */
export const taskOf = (world: World, definition: Definition, late = false) => {
  const tasks = children(world)
  return Task.make("changed", {
    success: Schema.String,
    *run() {
      let all = ""
      for (const statement of definition) {
        const { is, name } = statement
        if (is === "mark") yield* Phase.checkpoint(name)
        else if (is === "phase") all += text(yield* typed(world, statement) as Phase.Phase<unknown>)
        else if (is === "child") all += yield* tasks[name].phase({})
        else if (is === "all") {
          all += (yield* Phase.all(
            statement.parts.map((part) => step(world, part, late)),
            { name }
          )).join()
        } else {
          const { parts } = statement
          all += yield* Phase.group(name, function* () {
            let inner = ""
            for (const part of parts) inner += yield* step(world, part, late)
            return inner
          })
        }
      }
      return all
    }
  })
}

// --- as it is changed

export const changes = ["insert", "remove", "rename", "swap", "kind", "fewer", "child", "type"] as const
export type Change = (typeof changes)[number]

const fresh = "new"

const otherKind = (statement: Statement): Statement => {
  if (statement.is === "phase") return { ...statement, either: !statement.either }
  return statement.is === "child" ? { ...phase(statement.name) } : phase(statement.name)
}

const renamed = (statement: Statement): Statement =>
  statement.is === "child"
    ? { is: "child", name: statement.name === "one" ? "two" : "one" }
    : { ...statement, name: fresh }

/** The statement at `index` changed so; nothing where it has nothing of that. */
export const changed = (definition: Definition, change: Change, index: number): Definition | undefined => {
  const here = definition[index]!
  const next = definition[index + 1]
  const with_ = (...statements: ReadonlyArray<Statement>) => definition.toSpliced(index, 1, ...statements)
  switch (change) {
    case "insert":
      return with_(phase(fresh), here)
    case "remove":
      return with_()
    case "rename":
      return with_(renamed(here))
    case "swap":
      return next === undefined ? undefined : definition.toSpliced(index, 2, next, here)
    case "kind":
      return with_(otherKind(here))
    case "fewer":
      return here.is === "all" || here.is === "group" ? with_({ ...here, parts: here.parts.slice(0, -1) }) : undefined
    case "child":
      return here.is === "child" ? with_(renamed(here)) : undefined
    case "type":
      return here.is === "phase" ? with_({ ...here, type: here.type === "text" ? "number" : "text" }) : undefined
  }
}
