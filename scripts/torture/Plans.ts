/**
 * Plans against what comes of them: a random program stands still somewhere, somebody plans a random action, and then acts.
 * Planning changes nothing; what is refused is what was listed as missing; what happens is what was said.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Action } from "../../src/core/Action.js"
import type { Entry, EntryOf } from "../../src/core/Entry.js"
import { type History, ownerOf } from "../../src/core/History.js"
import type { Json } from "../../src/core/Json.js"
import * as Path from "../../src/core/Path.js"
import { isComposite } from "../../src/core/PhaseRecord.js"
import type { Plan, Step } from "../../src/core/Plan.js"
import * as Spine from "../../src/core/Spine.js"
import { allows } from "../../src/core/Status.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import { type Command, type Program, weave } from "./Program.js"
import { Random } from "./Random.js"
import { runner } from "./Seeds.js"
import { otherwise, taskOf } from "./TaskOf.js"
import { World } from "./World.js"

const id = "x1"

/** What an operator may ask of an execution that stands like this: mostly something that its status allows. */
const draw = (random: Random, history: History): Action => {
  const leaves = [...history.phases.values()].filter((record) => !isComposite(record)).map(({ path }) => path)
  const failed = [...history.open]
    .filter(({ kind, state }) => state === "failed" && kind !== "fail")
    .map(({ path }) => path)
  const checkpoints = Spine.targets(history).map(({ path }) => path)
  const some = random.pick([...failed, ...failed, ...failed, ...leaves, "nowhere"])
  const checkpoint = random.pick([...checkpoints, ...checkpoints, ...checkpoints, "nowhere"])
  const items = [...history.phases.values()]
    .filter(({ scope }) => ownerOf(history, scope)?.kind === "forEach")
    .map(({ path }) => path)
  const broken = items.filter((path) => failed.some((one) => one === path || one.startsWith(`${path}/`)))
  const item = random.pick(broken.length > 0 && random.chance(0.8) ? broken : [...items, "nowhere"])
  const consent = random.chance(0.7) ? ({ amend: "undo-too" } as const) : {}
  const half = (of: ReadonlyArray<string>) => of.filter(() => random.chance(0.5))
  const values = Object.fromEntries(half(failed).map((path) => [path, "given"]))
  const all: ReadonlyArray<Action> = [
    { _tag: "resume" },
    { _tag: "resume", inDoubt: "rerun" },
    { _tag: "resume", from: some },
    { _tag: "resume", values },
    { _tag: "resume", from: half(failed), values },
    { _tag: "resume", payload: { note: "amended" }, ...consent },
    { _tag: "resume", payload: { note: "amended" }, from: half(failed), values, ...consent },
    { _tag: "resume", payload: random.pick<Json>([{ skew: true }, { note: 7 }]), ...consent },
    { _tag: "resume", from: "next", state: random.pick<Json>([{ part: 0 }, { part: 1 }, { part: "1" }]) },
    { _tag: "rerun" },
    { _tag: "rerun", items: [{ item, input: random.pick(["given", "given", otherwise]) }], ...consent },
    { _tag: "rerun", items: [some] },
    { _tag: "skip", phase: some, value: "given" },
    { _tag: "pause" },
    { _tag: "close" },
    { _tag: "close", revert: true },
    { _tag: "revert" },
    { _tag: "revert", to: checkpoint },
    { _tag: "goTo", checkpoint },
    { _tag: "discard", before: checkpoint }
  ]
  const allowed = all.filter(({ _tag }) => allows(history.status, _tag))
  return random.pick(allowed.length > 0 && random.chance(0.9) ? allowed : all)
}

/** A program of a seed that mostly stands still where something fails. */
const programOf = (seed: number): Program => {
  const random = new Random(-6 - seed)
  const program = weave(seed)
  const rests = random.chance(0.8)
  const splits = random.chance(0.4)
    ? program.body.map((_, index) => index + 1).filter(() => random.chance(0.4))
    : undefined
  return {
    ...program,
    ...(splits === undefined ? {} : { splits }),
    onFailure: rests ? "halt" : program.onFailure,
    command: rests && program.command?.verb !== "pause" ? undefined : program.command,
    body: rests ? [...program.body, { _tag: "Fail" }] : program.body
  }
}

const carryOut = (engine: TaskEngine["Type"], action: Action, plan: string): Effect.Effect<unknown, unknown> => {
  switch (action._tag) {
    case "resume":
      return engine.resume(id, { ...action, plan })
    case "rerun":
      return engine.rerun(id, { ...action, plan })
    case "skip":
      return engine.skip(id, action.phase, action.value, { plan })
    case "pause":
      return engine.pause(id, { plan })
    case "close":
      return engine.close(id, { ...action, plan })
    case "goTo":
      return engine.goTo(id, action.checkpoint, { plan })
    case "discard":
      return engine.discard(id, { before: action.before, plan })
    case "revert":
      return engine.revert(id, { ...(action.to === undefined ? {} : { to: action.to }), plan })
  }
}

/** Everything that is stored, as text. */
const dump = ({ memory }: World): string =>
  JSON.stringify({ ...memory, watchers: 0 }, (_, value: unknown) =>
    value instanceof Map ? [...value] : value instanceof Set ? [...value] : value
  )

/** What was planned, and what came of it. */
interface Lived {
  readonly world: World
  readonly plan: Plan
  /** why it was refused, if it was */
  readonly refused: string | undefined
  /** what the action, and all that followed, added */
  readonly added: ReadonlyArray<Entry>
  readonly before: History
  readonly problems: ReadonlyArray<string>
}

const refusals = new Set([
  "IllegalTransition",
  "OwnedByParent",
  "TaskNotRegistered",
  "HistoryMismatch",
  "PhaseNotOpen",
  "CheckpointRefused",
  "RequirementsMissing"
])

const live = (seed: number, program: Program): Lived => {
  const world = new World()
  const random = new Random(-5 - seed)
  const due = Effect.runSync(Queue.unbounded<Command>())
  const task = taskOf(world, program, (_, command) => Queue.offer(due, command))
  const stand = Effect.gen(function* () {
    const engine = yield* TaskEngine
    yield* Effect.orDie(task.start({}, { id }))
    for (;;) {
      yield* Effect.sleep("1 millis")
      const next = yield* Effect.raceFirst(Queue.take(due), engine.settled(id))
      if (!("verb" in next)) return
      const asked = next.verb === "pause" ? engine.pause(id) : engine.close(id)
      if (next.verb !== "interrupt") yield* Effect.exit(asked)
    }
  })
  const ask = Effect.gen(function* () {
    const engine = yield* TaskEngine
    const before = world.history(id)
    const action = draw(random, before)
    const [stored, ran, length] = [dump(world), world.ran.length, before.entries]
    const plan = yield* engine.plan(id, action)
    const problems = dump(world) === stored ? [] : ["planning changed the store"]
    if (world.ran.length > ran) problems.push("planning ran an effect")
    const refused = yield* Effect.match(carryOut(engine, action, plan.hash), {
      onFailure: (error) => error as { readonly _tag: string; readonly message: string },
      onSuccess: () => undefined
    })
    yield* engine.settled(id)
    const isRefused = refused !== undefined && refusals.has(refused._tag)
    const added = world.entries(id).filter(({ seq }) => seq >= length)
    if (refused?._tag === "PlanOutdated") problems.push("nothing moved, and the plan was out of date")
    return {
      plan,
      problems,
      before,
      added: added.map(({ entry }) => entry),
      refused: isRefused ? refused.message : undefined
    }
  })
  for (const crash of [program.crashes[0], undefined]) {
    if (world.process(stand, { crash, tasks: [task] })._tag === "Exited") break
  }
  const ended = world.process(ask, { tasks: [task] })
  if (ended._tag === "Died" || ended.exit._tag === "Failure") throw new Error(JSON.stringify(ended))
  return { world, ...ended.exit.value }
}

// --- what was said, and what happened

const paths = ({ steps }: Plan, does: Step["does"]): ReadonlyArray<string> =>
  steps.filter((step) => step.does === does).map(({ path }) => path)

const isOutcome = (entry: Entry): boolean =>
  ["PhaseFailed", "AttemptFailed", "PhaseInterrupted", "Decided", "Rewound"].includes(entry._tag) ||
  (entry._tag === "PhaseSucceeded" && entry.act === undefined)

const composite = new Set<string>(["all", "forEach", "race", "graph", "group"])
const begins = (entry: Entry): entry is EntryOf<"PhaseStarted"> | EntryOf<"AttemptStarted"> =>
  (entry._tag === "PhaseStarted" && !composite.has(entry.kind)) || entry._tag === "AttemptStarted"

/** The phases that began before anything had an outcome, or another stage was entered. */
const first = (added: ReadonlyArray<Entry>): ReadonlyArray<string> => {
  const end = added.findIndex((entry) => isOutcome(entry) || entry._tag === "StageEntered")
  return (end < 0 ? added : added.slice(0, end)).filter(begins).map(({ path }) => path)
}

/** What the engine recorded as undone, in the order in which it began to. */
const undone = ({ added, before }: Lived): ReadonlyArray<string> => {
  const scope = `revert#${before.reverts.length + (added.some(({ _tag }) => _tag === "RevertStarted") ? 1 : 0)}/`
  const known = new Map<string, string>()
  for (const { path, undoes } of before.phases.values()) if (undoes !== undefined) known.set(path, undoes)
  const found: Array<string> = []
  for (const entry of added) {
    if (entry._tag === "PhaseStarted" && entry.undoes !== undefined) known.set(entry.path, entry.undoes)
    if (begins(entry) && entry.path.startsWith(scope) && known.has(entry.path)) found.push(known.get(entry.path)!)
  }
  return [...new Set(found)]
}

/** The status to which what was decided leads, by the entry that says so. */
const opened: { readonly [T in Entry["_tag"]]?: Plan["to"] } = {
  Resumed: "Running",
  Closing: "Closing",
  RevertStarted: "Reverting",
  RevertResumed: "Reverting",
  Paused: "Paused"
}

/** What did not come as it was said of going forward and of cleaning up. */
const astray = ({ added, plan }: Lived): ReadonlyArray<string> => {
  const wanted = paths(plan, "run")
  const began = new Set(first(added))
  const touched = new Set(
    added.flatMap((entry) => {
      if (entry._tag === "StageEntered") return [Path.stage(entry.stage, entry.n)]
      return "path" in entry ? [entry.path] : entry._tag === "Rewound" ? [entry.to] : []
    })
  )
  // An undo that fails, which nobody can foresee, keeps the author's revert from the rest.
  const stopped = added.some(({ _tag }) => _tag === "RevertFailed")
  const undoing = (path: string) => path.includes("revert#") || path.includes("/undo/")
  return [
    ...[...began].filter((path) => !wanted.includes(path) && !undoing(path)).map((path) => `${path} began, unplanned`),
    ...wanted
      .filter((path) => !touched.has(path) && !(stopped && undoing(path)))
      .map((path) => `${path} was to run, and did not`)
  ]
}

const superseded = (added: ReadonlyArray<Entry>): number => {
  const at = added.findIndex(({ _tag }) => _tag === "Rewound")
  return at < 0 ? added.length : at
}

const dishonest = (program: Program, lived: Lived): ReadonlyArray<string> => {
  const { added, before, plan, refused } = lived
  const problems: Array<string> = []
  const expect = (holds: boolean, what: string) => (holds ? 0 : problems.push(what))
  expect(
    (refused !== undefined) === plan.missing.length > 0,
    `missing ${JSON.stringify(plan.missing)}, refused ${refused}`
  )
  if (refused !== undefined) {
    for (const { message } of plan.missing) expect(refused.includes(message), `${message} is not in ${refused}`)
    expect(added.length === 0, "what was refused was recorded")
    return problems
  }
  if (plan.action._tag === "discard") {
    expect(plan.to === before.status && !added.some(begins), "what was discarded went on")
    expect(added.length === 0 || added.some(({ _tag }) => _tag === "Discarded"), "nothing was discarded")
    return problems
  }
  const led = added.flatMap(({ _tag }) => opened[_tag] ?? [])[0]
  expect(
    added.length === 0 ? plan.to === before.status : plan.to === led || plan.to === "Closed",
    `to ${plan.to}, led ${led}`
  )
  problems.push(...unlikeAmended(lived))
  const replayed = new Set(paths(plan, "replay"))
  const redone = added.slice(0, superseded(added)).filter((entry) => begins(entry) && replayed.has(entry.path))
  expect(redone.length === 0, `ran what was to be replayed: ${JSON.stringify(redone)}`)
  const skipped = added.flatMap((entry) =>
    entry._tag === "PhaseSucceeded" && entry.act !== undefined ? entry.path : []
  )
  const isUndo = (path: string) => before.phases.get(path)?.kind === "undo"
  expect(
    skipped
      .filter((path) => !isUndo(path))
      .sort()
      .join() === [...paths(plan, "skip")].sort().join(),
    `skipped ${skipped}`
  )
  if (added.length > 0) problems.push(...astray(lived))
  problems.push(...unlikeUndos(program, lived))
  return problems
}

/** What is amended is recorded as it was asked. */
const unlikeAmended = ({ added, plan: { action } }: Lived): ReadonlyArray<string> => {
  const resumed = added.find(({ _tag }) => _tag === "Resumed") as EntryOf<"Resumed"> | undefined
  const asked = action._tag === "resume" ? action.payload : undefined
  const inputs =
    action._tag === "rerun" ? action.items?.flatMap((one) => (typeof one === "string" ? [] : one.input)) : []
  const [said, done] = [
    JSON.stringify([asked, inputs ?? []]),
    JSON.stringify([resumed?.payload, resumed?.inputs?.map(({ input }) => input) ?? []])
  ]
  return said === done ? [] : [`was to amend ${said}, amended ${done}`]
}

/** A revert does what was said, in that order; up to the undo that fails, which nobody can foresee. */
const unlikeUndos = (program: Program, lived: Lived): ReadonlyArray<string> => {
  const { added, plan } = lived
  const isRevert = plan.to === "Reverting" || (plan.action._tag === "close" && plan.action.revert === true)
  if (!isRevert || added.length === 0) return []
  const [said, done] = [paths(plan, "undo"), undone(lived)]
  const failed = added.some(({ _tag }) => _tag === "RevertFailed")
  const inOrder = program.revertConcurrency === 1
  const [a, b] = inOrder ? [said, done] : [[...said].sort(), [...done].sort()]
  const same = failed ? done.every((path) => said.includes(path)) : a.join() === b.join()
  return same ? [] : [`was to undo ${said}, undid ${done}`]
}

export const check = (seed: number): ReadonlyArray<string> => {
  try {
    const program = programOf(seed)
    const lived = live(seed, program)
    const problems = [...lived.problems, ...dishonest(program, lived)]
    return problems.length === 0 ? [] : [JSON.stringify(lived.plan.action), ...problems]
  } catch (thrown) {
    return [thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)]
  }
}

/** What was planned in the world of a seed, and what came of it. */
export const trace = (seed: number) => {
  const { added, plan, refused } = live(seed, programOf(seed))
  return { plan, refused, added }
}

export const run = runner(check, "plans")
