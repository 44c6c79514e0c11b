/**
 * Random tasks of stages under random crashes, against what a reader of the program expects: how it ends, and what then
 * stands outside.
 */
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { type Case, check, type Mode, type Operator } from "./Matrix.js"
import { Random } from "./Random.js"
import { broken, step } from "./Steps.js"
import type { World } from "./World.js"

type Piece = "step" | "group" | "branches" | "sleep" | "commit" | "nothing"

/** What one body does, what it does in leaving, and whether that fails half-way. */
interface Body {
  readonly pieces: ReadonlyArray<Piece>
  readonly cleans: ReadonlyArray<"done" | "broken">
}

interface Program {
  /** `run`, and the stages that follow one on the other */
  readonly bodies: ReadonlyArray<Body>
  readonly fails: boolean
  readonly onFailure: "halt" | "revert"
  /** what an operator does once it stands still */
  readonly act: "nothing" | "revert" | "close" | "closeAndRevert"
}

const programOf = (random: Random): Program => {
  const list = <A>(most: number, of: ReadonlyArray<A>) =>
    Array.from({ length: random.below(most + 1) }, () => random.pick(of))
  return {
    bodies: Array.from({ length: 2 + random.below(4) }, () => ({
      pieces: list(3, ["step", "step", "group", "branches", "sleep", "commit", "nothing"] as const),
      cleans: random.chance(0.5) ? list(2, ["done", "done", "broken"] as const) : []
    })),
    fails: random.chance(0.5),
    onFailure: random.pick(["halt", "revert"]),
    act: random.pick(["nothing", "revert", "revert", "close", "closeAndRevert"])
  }
}

/** The names of what a piece does outside. */
const namesOf = (piece: Piece, at: string): ReadonlyArray<string> => {
  if (piece === "step") return [at]
  return piece === "group" || piece === "branches" ? [`${at} x`, `${at} y`] : []
}

function* doing(world: World, piece: Piece, at: string) {
  const [x = "", y = ""] = namesOf(piece, at)
  switch (piece) {
    case "step":
      yield* step(world, x)
      break
    case "group":
      yield* Phase.group("g", function* () {
        yield* step(world, x)
        yield* Phase.all([step(world, y)])
      })
      break
    case "branches":
      yield* Phase.all([
        step(world, x),
        Phase.group("h", function* () {
          yield* step(world, y)
        })
      ])
      break
    case "sleep":
      yield* Phase.sleep("nap", "11 seconds")
      break
    case "commit":
      yield* Phase.checkpoint("commit", { commit: true })
      break
    default:
  }
}

const Next = Task.stage("next", { state: { index: Schema.Number } })

const taskOf = ({ bodies, fails, onFailure }: Program, world: World) => {
  function* body(index: number) {
    const { cleans, pieces } = bodies[index]!
    try {
      for (const [place, piece] of pieces.entries()) yield* doing(world, piece, `${index}.${place}`)
      if (index + 1 < bodies.length) return yield* Next.enter({ index: index + 1 })
      if (fails) yield* broken(world, "no")
      return index
    } finally {
      for (const [place, clean] of cleans.entries()) {
        const name = `leave ${index}.${place}`
        if (clean === "broken") yield* Phase.either(broken(world, name))
        else yield* Phase.make(name, world.does(name, 1))
      }
    }
  }
  return Task.make("t", {
    success: Schema.Number,
    error: Schema.String,
    onFailure,
    stages: [Next.body(({ index }) => body(index))],
    run: () => body(0)
  })
}

const acting =
  ({ act }: Program): Operator =>
  ({ id, status }, engine) => {
    if (status === "Failed" && act === "close") return engine.close(id)
    if (status === "Failed" && act === "closeAndRevert") return engine.close(id, { revert: true })
    return (status === "Failed" || status === "Completed") && act === "revert" ? engine.revert(id) : undefined
  }

/** How it ends, by reading it. */
const endOf = ({ act, fails, onFailure }: Program): Case["ends"] => {
  if (!fails) return act === "revert" ? "Reverted" : "Completed"
  if (onFailure === "revert" || act === "revert" || act === "closeAndRevert") return "Reverted"
  return act === "close" ? "Closed" : "Failed"
}

/** What then stands outside, by reading it. */
const leavesOf = (program: Program): ReadonlyArray<string> => {
  const { bodies, fails } = program
  const ends = endOf(program)
  let done: Array<string> = []
  const kept: Array<string> = []
  for (const [index, { cleans, pieces }] of bodies.entries()) {
    for (const [place, piece] of pieces.entries()) {
      done.push(...namesOf(piece, `${index}.${place}`))
      if (piece === "commit") kept.push(...done.splice(0))
    }
    const isLeft = index + 1 < bodies.length || !fails || ends !== "Failed"
    for (const [place, clean] of cleans.entries()) if (isLeft && clean === "done") kept.push(`leave ${index}.${place}`)
  }
  if (ends === "Reverted") done = []
  return [...done, ...kept]
}

const caseOf = (program: Program, name: string): Case => ({
  name,
  ends: endOf(program),
  leaves: leavesOf(program),
  operator: acting(program),
  make: (world) => taskOf(program, world)
})

/** Checks `count` random programs from `seed` on, and answers what is wrong with the first ten that fail. */
export const run = (count: number, seed: number): ReadonlyArray<string> => {
  const failures: Array<string> = []
  for (let index = 0; index < count && failures.length < 10; index++) {
    const random = new Random(seed + index)
    const program = programOf(random)
    const plan = function* (writes: number) {
      const at = (end: number) => ({ write: 1 + random.below(end), after: random.chance(0.5) })
      for (let life = 0; life < 3; life++) yield [at(writes), ...(life === 0 ? [] : [at(writes)])]
    }
    const mode = random.pick<Mode>(["recover", "execute"])
    const { found } = check(caseOf(program, `seed ${seed + index}`), mode, plan)
    if (found.length > 0) failures.push(`seed ${seed + index}: ${JSON.stringify(program)}\n  ${found.join("\n  ")}`)
  }
  return failures
}
