/** Holds a journal against the course of its program: each entry must be one that may come next, and none may be missing. */
import type { Entry, Recorded } from "../../src/core/Entry.js"
import type * as Core from "../../src/core/Failure.js"
import { Course, type Due } from "./Course.js"
import { Facts, isCleanUp, isComposite } from "./Facts.js"
import { type Failure, inTime } from "./Flow.js"
import { hasUndo, type Leaf, verdict } from "./Leaf.js"
import type { Program } from "./Program.js"
import { answerOf } from "./TaskOf.js"

type Of<Tag extends Entry["_tag"]> = Extract<Entry, { readonly _tag: Tag }>

const nothing: ReadonlySet<"nothing"> = new Set(["nothing"])

/** A problem; or nothing. */
type Verdict = string | undefined

/** All of them, in the order in which they happened. The path of what a task's own body threw is where that body was. */
const text = (failures: ReadonlyArray<Core.Failure | Failure>): string =>
  failures
    .map((failure) => ("tag" in failure ? { ...failure, _tag: failure.tag } : failure))
    .map(({ _tag, path }) => (_tag === "TaskDefect" ? _tag : `${_tag} at ${path}`))
    .join(", ")

const differs = (found: ReadonlyArray<Core.Failure>, expected: ReadonlyArray<Failure>): Verdict =>
  text(found) === text(expected) ? undefined : `its failures are [${text(found)}], not [${text(expected)}]`

export class Witness {
  readonly facts = new Facts()
  private course: Course
  /** by path, of which generations what stands outside may be; or that nothing does */
  private readonly outside = new Map<string, ReadonlySet<number | "nothing">>()
  /** it stands still, or has ended: the next step is an operator's */
  private parked = false
  private status = "Pending"
  /** when groups were decided about, and how long they wait */
  private readonly due = new Map<string, number>()

  constructor(private readonly program: Program) {
    this.course = new Course(program, this.facts)
  }

  /** The first entry that may not be where it is, or that is missing. */
  read(entries: ReadonlyArray<Pick<Recorded, "seq" | "at" | "entry">>): Verdict {
    for (const { at, entry, seq } of entries) {
      const wrong = this.wrong(entry, at)
      if (wrong !== undefined)
        return `entry ${seq}, ${entry._tag}${"path" in entry ? ` of ${entry.path}` : ""}: ${wrong}`
      this.take(entry)
    }
    return this.parked ? undefined : `it is ${this.status} in the end`
  }

  /** What differs between what stands outside and what should. */
  misplaced(outside: ReadonlySet<string>): ReadonlyArray<string> {
    const missing = [...this.outside].filter(([path, may]) => !may.has("nothing") && !outside.has(path))
    const left = [...outside].filter((path) => [...(this.outside.get(path) ?? [])].every((may) => may === "nothing"))
    return [
      ...missing.map(([path]) => `${path} does not stand outside`),
      ...left.map((path) => `${path} stands outside`)
    ]
  }

  private take(entry: Entry): void {
    this.remember(entry)
    if (entry._tag === "PhaseSucceeded") this.commit(entry.path)
    this.facts.apply(entry)
    if (entry._tag === "PhaseStarted") this.facts.get(entry.path).entered = this.course.starts.has(entry.path)
    if (entry._tag === "PhaseSucceeded" || entry._tag === "PhaseFailed") {
      const fact = this.facts.get(entry.path)
      fact.heard = !isComposite(fact) || this.course.hears(fact)
    }
    this.course = new Course(this.program, this.facts)
  }

  private commit(path: string): void {
    const leaf = this.course.leaves.get(path)
    if (leaf?.does._tag !== "Checkpoint" || !leaf.does.commit || isCleanUp(path)) return
    for (const { fact } of this.course.behind(leaf)) fact.committed = true
  }

  /** What an entry says about the outside, and about who acts next. */
  private remember(entry: Entry): void {
    const { course, facts, outside } = this
    if (/^(Completed|Failed|Closed|Reverted|RevertFailed|Paused|Suspended)$/.test(entry._tag)) {
      this.parked = true
      this.status = entry._tag
    }
    if (/^(Resumed|Closing|RevertStarted|RevertResumed)$/.test(entry._tag)) this.parked = false
    if (entry._tag === "Claimed" && this.status === "Suspended") this.parked = false
    if (entry._tag === "PhaseStarted") this.values.delete(entry.path)
    if (entry._tag === "PhaseInterrupted") this.lost(entry.path)
    if (entry._tag === "Claimed") {
      for (const fact of facts.of.values()) if (fact.state === "running" && !isComposite(fact)) this.lost(fact.path)
    }
    if (entry._tag !== "PhaseSucceeded") return
    const leaf = course.leaves.get(entry.path)
    if (leaf?.does._tag === "Phase" && leaf.does.name !== "bye")
      outside.set(entry.path, new Set([leaf.fact.generation]))
    if (leaf?.does._tag === "Undo") outside.set(leaf.does.of.path, this.without(leaf.does.of))
  }

  private mayBe(path: string): ReadonlySet<number | "nothing"> {
    return this.outside.get(path) ?? new Set(["nothing"])
  }

  /** What may stand where a phase was undone. In doubt, only what this generation did is undone: an earlier one may have no undo. */
  private without(of: Leaf): ReadonlySet<number | "nothing"> {
    const may = this.mayBe(of.path)
    if (!hasUndo(of)) return may
    return of.fact.doubt ? new Set([...may].map((one) => (one === of.fact.generation ? "nothing" : one))) : nothing
  }

  private lost(path: string): void {
    const leaf = this.course.leaves.get(path)
    if (leaf?.does._tag === "Undo") {
      const { of } = leaf.does
      this.outside.set(of.path, new Set([...this.mayBe(of.path), ...this.without(of)]))
    } else if (leaf?.does._tag === "Phase") this.outside.set(path, new Set([...this.mayBe(path), leaf.fact.generation]))
  }

  // --- what is wrong with an entry

  /** What could start when the starts before this entry were decided: they go together, whatever one of them leads to. */
  private readonly beside = new Map<string, string>()

  /** The groups that were being decided about when what ends beside each other began to: one of them may let go of another. */
  private readonly asked = new Map<string, Due>()

  private wrong(entry: Entry, at: number): Verdict {
    const { course } = this
    if (!this.isEnd(entry)) this.asked.clear()
    else for (const [path, due] of course.dues) if (due.what === "undecided") this.asked.set(path, due)
    if (entry._tag !== "PhaseStarted" && !this.marks(entry)) this.beside.clear()
    switch (entry._tag) {
      case "PhaseStarted": {
        const may = course.starts.get(entry.path) ?? this.beside.get(entry.path)
        for (const [path, kind] of course.starts) this.beside.set(path, kind)
        return may === entry.kind ? undefined : `it may not start, for it may be ${this.may}`
      }
      case "AttemptStarted":
        return course.again.has(entry.path) ? undefined : `it may not run again; ${this.may}`
      case "AttemptFailed":
        return this.ends(entry.path, "retries")
      case "PhaseSucceeded":
        return isComposite(this.facts.get(entry.path)) ? this.followed(entry) : this.ends(entry.path, "succeeds")
      case "PhaseFailed":
        return isComposite(this.facts.get(entry.path)) ? this.followed(entry) : this.failed(entry)
      case "PhaseInterrupted":
        return this.interrupted(entry.path)
      case "Decided":
        return this.decided(entry, at)
      case "Rewound":
        if (course.dues.get(entry.to)?.what !== "rewinds") return "it may not begin anew"
        return at < this.due.get(entry.to)! ? "it begins anew before its time" : undefined
      default:
        return this.turned(entry)
    }
  }

  /** A checkpoint ends as it starts: it stands among what starts with it. */
  private marks(entry: Entry): boolean {
    return entry._tag === "PhaseSucceeded" && this.facts.get(entry.path).kind === "checkpoint"
  }

  /** Something that was under way ended by itself: what ends at the same time does not know of it. */
  private isEnd(entry: Entry): boolean {
    if (entry._tag === "Decided" || entry._tag === "AttemptFailed") return true
    if (entry._tag !== "PhaseSucceeded" && entry._tag !== "PhaseFailed") return false
    const fact = this.facts.get(entry.path)
    return !isComposite(fact) && fact.kind !== "checkpoint" && fact.kind !== "fail"
  }

  private get may(): string {
    const { again, dues, starts } = this.course
    return `[${[...starts.keys(), ...again, ...[...dues].map(([path, { what }]) => `${path} ${what}`)].join(", ")}]`
  }

  private ends(path: string, as: ReturnType<typeof verdict>): Verdict {
    const leaf = this.course.leaves.get(path)
    if (leaf?.fact.state !== "running") return "it does not run"
    const expected = verdict(leaf, this.facts)
    return expected === as ? undefined : `it ${as}, and should not: it ${expected}`
  }

  private failed({ failures, path }: Of<"PhaseFailed">): Verdict {
    const tag = failures[0]._tag
    return failures.length === 1 && (tag === "Fail" || tag === "Die")
      ? this.ends(path, tag === "Die" ? "dies" : "fails")
      : text(failures)
  }

  private interrupted(path: string): Verdict {
    if (this.facts.get(path).state !== "running") return "it does not run"
    const wanted = this.course.leaves.get(path)?.winds === false && this.facts.life === "forward"
    return wanted ? "nobody may interrupt it" : undefined
  }

  private followed(entry: Of<"PhaseSucceeded"> | Of<"PhaseFailed">): Verdict {
    const due = this.course.dues.get(entry.path)
    const what = entry._tag === "PhaseFailed" ? "fails" : "succeeds"
    if (due?.what !== what) return `it does not follow; ${this.may}`
    if (entry._tag === "PhaseFailed") return differs(entry.failures, due.failures)
    if (due.group === undefined) return undefined
    const { attempt } = this.facts.get(entry.path)
    const value = due.group.retry === undefined ? undefined : this.values.get(entry.path)
    const expected = answerOf(due.group.name, attempt, value ?? due.group.retry?.values[0])
    return entry.value === expected ? undefined : `it answers ${JSON.stringify(entry.value)}, not ${expected}`
  }

  /** the values that strategies gave to groups last */
  private readonly values = new Map<string, number | undefined>()

  private decided(entry: Of<"Decided">, at: number): Verdict {
    const { path } = entry
    const heard = this.course.dues.get(path)
    const due = heard?.what === "undecided" ? heard : this.asked.get(path)
    const retry = due?.group?.retry
    if (due?.what !== "undecided" || retry === undefined) return "there is nothing to decide"
    this.asked.delete(path)
    this.facts.get(path).late = due !== heard
    const { attempt, tries } = this.facts.get(path)
    const again = tries + 1 < retry.attempts
    const expected = again
      ? { decision: "again", value: retry.values[tries + 1], delay: retry.delay }
      : { decision: retry.atLast }
    const { decision, delay = 0, value } = entry
    const found = again ? { decision, value, delay } : { decision }
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
      return `${JSON.stringify(found)} was decided, and not ${JSON.stringify(expected)}`
    }
    this.due.set(path, at + delay)
    if (again) this.values.set(path, value as number | undefined)
    return entry.attempt === attempt ? differs(entry.failures, due.failures) : `it is at attempt ${attempt}`
  }

  private turned(entry: Entry): Verdict {
    const { course, facts } = this
    const { flow, reverted } = course
    const running = [...facts.of.values()].find((fact) => fact.state === "running" && !isComposite(fact))
    switch (entry._tag) {
      case "Completed":
        return flow._tag === "Next" ? undefined : `it has not returned; ${this.may}`
      case "Failed":
      case "RevertStarted":
        return running === undefined ? this.stuck(entry) : `${running.path} runs`
      case "Closed":
        return facts.cleaned ? undefined : "it was not left"
      case "CleanedUp":
        return course.left && running === undefined ? undefined : `it was not left; ${this.may}`
      case "Reverted":
        return reverted._tag === "Next" ? undefined : `not all is undone; ${this.may}`
      case "RevertFailed":
        if (reverted._tag !== "Stops" || reverted.broken === undefined) return `the revert can go on; ${this.may}`
        return differs(entry.failures, inTime(reverted.failures))
      case "Paused":
      case "Suspended":
        return running === undefined ? undefined : `${running.path} runs`
      default:
        return undefined
    }
  }

  /** It stands still for its failures, or reverts for them. */
  private stuck(entry: Of<"Failed"> | Of<"RevertStarted">): Verdict {
    const { flow } = this.course
    if (entry._tag === "RevertStarted" && this.parked) return undefined
    if (flow._tag !== "Stops" || flow.broken === undefined) {
      return `nothing stops it${entry.failures.length > 0 ? ` but ${text(entry.failures)}` : ""}; ${this.may}`
    }
    const halts = flow.broken === "task" ? this.program.onFailure === "halt" : flow.broken === "park"
    if (halts !== (entry._tag === "Failed")) return halts ? "it should stand still" : "it should be reverted"
    return differs(entry.failures, inTime(flow.failures))
  }
}
