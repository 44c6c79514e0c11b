/** Bodies made of forks and groups: a cursor that was live all along and one that is replayed come to the same. */
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { plain } from "../../src/authoring/Recordable.js"
import * as Discards from "../../src/core/Discards.js"
import type { Entry } from "../../src/core/Entry.js"
import * as History from "../../src/core/History.js"
import * as Interpreter from "../../src/core/Interpreter.js"
import * as Path from "../../src/core/Path.js"
import type { PhaseRecord } from "../../src/core/PhaseRecord.js"
import { decidable, reversal } from "../../src/core/Reversal.js"
import type { Placed, Step } from "../../src/core/Step.js"
import { Chance, Clerk } from "../support/clerk.js"
import { claimed, failed, running } from "../support/journal.js"
import { bodyOf, type Log, type Program, programs } from "../support/programs.js"
import "../support/seeded.js"

interface Options {
  readonly deep: boolean
  readonly shared: boolean
}

interface Walk {
  readonly cursor: Interpreter.Cursor
  readonly log: () => Log
}

const walk = (program: Program, { deep, shared }: Options): Walk => {
  let log: Log = { lines: [], shared }
  const start = () => {
    log = { lines: [], shared }
    return bodyOf(program, log)
  }
  return { cursor: Interpreter.make({ start, scope: Path.root, error: plain, deep }), log: () => log }
}

const placeOf = ({ capture, key, kind, name, needs, path, scope }: Placed) => ({
  path,
  scope,
  name,
  kind,
  capture,
  key,
  needs
})

/** Where something was thrown tells only how the engine came to it. */
const text = (value: unknown): string => JSON.stringify(value, (key, member) => (key === "stack" ? undefined : member))

const stepOf = (step: Step): unknown => {
  switch (step._tag) {
    case "Blocked":
      return {
        instructions: step.instructions.map((placed) => JSON.stringify(placeOf(placed))).sort(),
        consequences: step.consequences
          .map((one) => text("placed" in one ? { ...one, placed: placeOf(one.placed) } : one))
          .sort()
      }
    case "Threw":
      return step.defect.message
    case "Closed":
      return `closed ${step.error?.message}`
    default:
      return step
  }
}

const pathsOf = (some: ReadonlyArray<Placed>): ReadonlyArray<string> => some.map(({ path }) => path).sort()

/** What was discarded is past undoing: whether its undo is known is all the same. */
const isKept = ({ phases }: History.History, path: string): boolean => !phases.get(path)!.discarded

/** All that can be told of where a walk stands. */
const stand = ({ cursor, log }: Walk, history: History.History, { deep, shared }: Options): string => {
  const step = cursor.advance(history)
  if (step._tag === "Blocked") {
    const idle = step.instructions.filter(({ path }) => history.phases.get(path)?.state !== "running")
    assert.deepStrictEqual(pathsOf(step.idle), pathsOf(idle))
  }
  const paths = [...history.phases.keys()]
  return text({
    step: stepOf(step),
    standing: paths.filter((path) => cursor.standing(path) !== undefined),
    known: deep ? paths.filter((path) => isKept(history, path) && cursor.runAt(path) !== undefined) : undefined,
    lines: shared ? [...log().lines] : undefined
  })
}

interface Plan {
  readonly program: Program
  readonly seed: number
  /** after how many rounds the execution is closed */
  readonly closeAt: number
  /** what is before a checkpoint is discarded now and then */
  readonly forgets: boolean
}

const act = {}

/** Of what stands in one generator, what came later is undone before; and what needed something, before that. */
const mustFollow = (history: History.History, later: PhaseRecord, earlier: PhaseRecord): boolean => {
  const chain = (record: PhaseRecord): ReadonlyArray<PhaseRecord> => {
    const owner = History.ownerOf(history, record.scope)
    return owner === undefined ? [record] : [...chain(owner), record]
  }
  const [a, b] = [chain(later), chain(earlier)]
  const fork = a.findIndex((record, index) => record !== b[index])
  const [one, other] = [a[fork], b[fork]]
  if (one === undefined || other === undefined) return false
  const siblings = history.scopes.get(one.scope)!
  const owner = History.ownerOf(history, one.scope)
  if (owner === undefined || owner.kind === "group") return siblings.indexOf(one) > siblings.indexOf(other)
  const needs = (record: PhaseRecord): boolean =>
    (record.needs ?? []).some((path) => path === other.path || needs(history.phases.get(path)!))
  return needs(one)
}

class Life {
  readonly journal = running()
  readonly clerk: Clerk
  private open: () => Walk
  private live: Walk
  private fine: Walk

  constructor(
    private readonly plan: Plan,
    private readonly options: Options
  ) {
    this.open = () => walk(plan.program, options)
    this.live = this.open()
    this.fine = this.open()
    this.clerk = new Clerk(this.journal, new Chance(plan.seed), () => this.compare())
  }

  private compare(): void {
    const { journal, options } = this
    const found = stand(this.open(), journal.loaded, options)
    const expected = stand(this.fine, journal.history, options)
    if (process.env.DEBUG) console.log(JSON.stringify(journal.entries.at(-1)!.entry), "\n   ", expected)
    if (found !== expected)
      throw new Error(
        `${journal.entries.length} ${JSON.stringify(journal.entries.at(-1)!.entry)}\n${found}\n${expected}`
      )
  }

  /** Nothing of an engine is left but the journal. */
  private anew(): void {
    this.live = this.open()
    this.fine = this.open()
  }

  /** An operator lets it go on. */
  private resume(stopped: Entry): void {
    this.clerk.interrupt()
    this.journal.add(stopped, claimed)
    const rerun = this.clerk.chance.of(2) === 0
    this.journal.add({ _tag: stopped._tag === "RevertFailed" ? "RevertResumed" : "Resumed", act, rerun })
    this.anew()
    this.compare()
  }

  /** One round, in which the engine may die. */
  private round(): Step {
    if (this.clerk.chance.of(30) === 0) {
      this.clerk.crash()
      this.anew()
    }
    const step = this.clerk.turn(this.live.cursor)
    const { history } = this.journal
    assert.strictEqual(stand(this.fine, history, this.options), stand(this.live, history, this.options))
    return step
  }

  /** What was before some checkpoint goes. Where something has failed since, it stands still, and goes on anew. */
  private forget(): void {
    const { clerk, journal } = this
    const { history } = journal
    const marks = Discards.checkpoints(history).filter(
      (mark) => !Discards.isDone(history, Discards.beforeCheckpoint(mark))
    )
    if (marks.length === 0 || !Discards.mayForget(history)) return
    const step = this.live.cursor.advance(history)
    journal.discard(clerk.chance.one(marks).path)
    if (step._tag !== "Blocked" || step.consequences.length > 0) this.anew()
    this.compare()
  }

  private forward(): Step {
    const { clerk, plan } = this
    for (let turn = 0; ; turn++) {
      if (turn >= plan.closeAt && this.journal.history.phases.size > 0) return this.live.cursor.advance(clerk.history)
      if (clerk.chance.of(40) === 0) this.resume({ _tag: "Paused" })
      if (plan.forgets && clerk.chance.of(5) === 0) this.forget()
      const step = this.round()
      if (step._tag === "Blocked") continue
      if (step._tag !== "Stuck" || step.follow === "revert" || clerk.chance.of(3) === 0) return step
      this.resume({ _tag: "Failed", failures: step.failures })
    }
  }

  private clean(entry: Entry): void {
    const { clerk, plan } = this
    clerk.write(entry)
    clerk.interrupt()
    this.live.cursor.close()
    this.fine.cursor.close()
    this.open = () => {
      const fresh = walk(plan.program, this.options)
      fresh.cursor.close()
      return fresh
    }
    for (let step = this.round(); step._tag !== "Closed"; step = this.round()) {
      assert.strictEqual(step._tag, "Blocked")
      if (clerk.chance.of(40) === 0 && entry._tag === "Closing") {
        this.resume({ _tag: "Failed", failures: [failed("close")] })
      }
    }
    this.journal.add({ _tag: "CleanedUp" })
  }

  private revert(): void {
    const { clerk, journal, plan } = this
    const { history } = journal
    const { completed, doubts } = History.revertOf(history)!
    const body = walk(plan.program, { deep: true, shared: false }).cursor
    body.advance(history)
    const wanted = new Set([...completed, ...doubts].filter((record) => decidable(record, body.runAt(record.path))))
    const concurrency = 1 + clerk.chance.of(3)
    this.open = () => {
      const undos = reversal(journal.history, Path.root, (record) => wanted.has(history.phases.get(record.path)!))
      const cursor = Interpreter.undoing(undos, concurrency, { scope: Path.revert(1), error: plain })
      return { cursor, log: () => ({ lines: [], shared: false }) }
    }
    this.anew()
    const started: Array<PhaseRecord> = []
    let failed = false
    for (;;) {
      const step = this.round()
      for (const { path, undoes } of history.phases.values()) {
        const undone = undoes === undefined || !path.startsWith("revert#1") ? undefined : history.phases.get(undoes)!
        if (undone === undefined || started.includes(undone)) continue
        for (const other of wanted) if (mustFollow(history, other, undone)) assert.isDefined(other.undone, other.path)
        started.push(undone)
      }
      if (step._tag === "Done") break
      if (step._tag === "Stuck") {
        failed = true
        this.resume({ _tag: "RevertFailed", failures: step.failures })
      } else assert.strictEqual(step._tag, "Blocked")
    }
    assert.sameMembers(started, [...wanted])
    if (concurrency === 1 && !failed) {
      assert.deepStrictEqual(
        started.map(({ order }) => order),
        started.map(({ order }) => order).sort((a, b) => b - a)
      )
    }
  }

  run(): void {
    const { clerk, journal } = this
    const step = this.forward()
    if (journal.history.phases.size === 0) return
    const reverting: Entry = { _tag: "RevertStarted", n: 1, failures: [], act }
    if (clerk.chance.of(3) === 0 || (step._tag === "Stuck" && step.follow === "revert")) this.clean(reverting)
    else {
      this.clean({ _tag: "Closing", position: "", revert: false, act })
      journal.add({ _tag: "Closed" }, claimed, reverting)
    }
    this.revert()
  }
}

const check = (plan: Plan, options: Options): void => new Life(plan, options).run()

const plans = (program: FastCheck.Arbitrary<Program>, forgets = FastCheck.boolean()) =>
  FastCheck.record({
    program,
    seed: FastCheck.nat(),
    closeAt: FastCheck.nat({ max: 60 }),
    forgets
  })

const runs = Number(process.env.RUNS ?? 500)

describe("a cursor over forks and groups", () => {
  it.prop(
    "stands where the live one does, at every entry",
    { plan: plans(programs({ retries: true, cleans: true, times: true })) },
    ({ plan }) => check(plan, { deep: false, shared: false }),
    { fastCheck: { numRuns: runs } }
  )
  it.prop(
    "that enters everything does so, too",
    { plan: plans(programs({ retries: true, cleans: true, times: true })) },
    ({ plan }) => check(plan, { deep: true, shared: false }),
    { fastCheck: { numRuns: runs } }
  )
  it.prop(
    "sees what branches share as it was",
    // What is in a group that was discarded is not entered again, so that nobody sees what it shared.
    { plan: plans(programs({ retries: false, cleans: false, times: false }), FastCheck.constant(false)) },
    ({ plan }) => check(plan, { deep: true, shared: true }),
    { fastCheck: { numRuns: runs } }
  )
})
