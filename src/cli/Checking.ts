/** What `check` says to a person: those that do not fit, together where they do not for the same reason. */
import type { Checked } from "../authoring/Checked.js"
import * as Advice from "./Advice.js"
import * as Page from "./Page.js"
import type { Tone } from "./Text.js"

type Verdict = Checked["verdict"]

const marks: { readonly [V in Verdict]: readonly [word: string, mark: string, tone: Tone] } = {
  fits: ["fit", "✓", "good"],
  differs: ["differ", "✗", "bad"],
  undecodable: ["do not decode", "✗", "bad"],
  missing: ["have no task here", "?", "bad"],
  damaged: ["are damaged", "!", "bad"]
}

/** Those that do not fit for one reason. */
interface Case {
  readonly first: Checked
  count: number
  /** some of them */
  readonly some: Array<string>
}

/** How many are named. */
const named = 5

/** What was found so far: it does not grow with what is checked. */
export class Found {
  readonly counts = new Map<Verdict, number>()
  private readonly cases = new Map<string, Case>()
  /** how many executions need the old branch of a change */
  private readonly unchanged = new Map<string, number>()

  add(checked: Checked): void {
    const { execution, latest, path, task, unchanged = [], verdict, why } = checked
    for (const change of unchanged) this.unchanged.set(change, (this.unchanged.get(change) ?? 0) + 1)
    this.counts.set(verdict, (this.counts.get(verdict) ?? 0) + 1)
    if (verdict === "fits") return
    const key = JSON.stringify([task, verdict, path, why, latest?.path])
    const found = this.cases.get(key)
    if (found === undefined) this.cases.set(key, { first: checked, count: 1, some: [execution] })
    else {
      found.count++
      if (found.some.length < named) found.some.push(execution)
    }
  }

  get all(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }

  get unfit(): number {
    return this.all - (this.counts.get("fits") ?? 0)
  }

  get page(): Page.Page {
    const unfit = [...this.cases.values()].flatMap(shown)
    return [...unfit, ...(unfit.length === 0 ? [] : [Page.blank]), ...this.changes, this.summary]
  }

  private get changes(): Page.Page {
    return [...this.unchanged].map(([change, count]) =>
      Page.flow(2, `change ${Advice.quoted(change)}: ${count} need${count === 1 ? "s" : ""} its old branch`)
    )
  }

  private get summary(): Page.Line {
    const told = [...this.counts].map(([verdict, count]) => `${count} ${marks[verdict][0]}`)
    const text = this.all === 0 ? "nothing that has not ended" : `${this.all} checked: ${told.join(", ")}`
    return Page.flow(2, { text, tone: this.unfit === 0 ? "good" : "bad" })
  }
}

const advice = ({ execution, latest }: Checked): string | undefined =>
  latest === undefined
    ? undefined
    : `with the code as it was: tidemark revert ${Advice.quoted(execution)} --to ${Advice.quoted(latest.path)}`

const shown = ({ count, first, some }: Case): Page.Page => {
  const [, mark, tone] = marks[first.verdict]
  const others = count > some.length ? `, and ${count - some.length} more` : ""
  const next = advice(first)
  const at = first.path === undefined || first.path === "" ? "" : ` at ${first.path}`
  return [
    Page.flow(
      2,
      { text: mark, tone },
      ` ${first.task}${at}: `,
      { text: some.map(Advice.quoted).join(", "), tone: "strong" },
      others
    ),
    Page.flow(4, `    ${first.why ?? ""}`),
    ...(next === undefined ? [] : [Page.flow(7, { text: `    -> ${next}`, tone: "strong" })])
  ]
}

/** How far it has come, in one line. */
export const progress = (done: number, total: number, unfit: number, columns: number): string => {
  const width = Math.max(10, Math.min(30, columns - 50))
  const full = total === 0 ? width : Math.min(width, Math.round((done / total) * width))
  const told = `${done} of ${total} checked, ${unfit} do${unfit === 1 ? "es" : ""} not fit`
  return `[${"#".repeat(full)}${"-".repeat(width - full)}] ${told}`.slice(0, columns - 1)
}
