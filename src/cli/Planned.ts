/** A plan on a page: what would happen, in order, and what speaks against it. */
import type { Phase, Plan, Step } from "../core/Plan.js"
import * as Marks from "./Marks.js"
import * as Page from "./Page.js"
import type { Tone } from "./Text.js"

const tones = {
  replay: "dim",
  run: "calm",
  skip: "warn",
  undo: "warn",
  close: "dim",
  discard: "bad"
} satisfies Record<Step["does"], Tone>

const noteOf = ({ attempt, child, kind, note }: Step): string =>
  [
    ...(kind === "phase" ? [] : [kind]),
    ...(attempt === undefined || attempt === 1 ? [] : [`attempt ${attempt}`]),
    ...(child === undefined ? [] : [`execution ${child}`]),
    ...(note === undefined ? [] : [note])
  ].join(", ")

/** Of many in a row with which the same is done, a person sees the first and the last ones. */
const few = 10

const rows = (steps: ReadonlyArray<Step>): Page.Page => {
  const cells = steps.map((step) => [
    { text: step.does, tone: tones[step.does] },
    step.path,
    { text: noteOf(step), tone: "dim" as const }
  ])
  const columns = [{ title: "" }, { title: "", least: 12 }, { title: "", least: 5 }]
  const left = cells.length - 2 * few
  if (left <= 1) return cells.length === 0 ? [] : [Page.table(2, columns, cells)]
  return [
    Page.table(2, columns, cells.slice(0, few)),
    Page.line({ text: `  … and ${left} more …`, tone: "dim" }),
    Page.table(2, columns, cells.slice(-few))
  ]
}

const named = (what: string, phases: ReadonlyArray<Phase>, tone: Tone): Page.Page =>
  phases.length === 0 ? [] : [Page.flow(4, { text: `  ${what}: `, tone }, phases.map(({ path }) => path).join(", "))]

const doubts = {
  rerun: "it runs again, with the same key",
  verify: "its verify is asked first",
  undoUnknown: "its undoUnknown undoes it",
  ask: "it stops there, for somebody to decide",
  leave: "nobody asks any more"
} satisfies Record<Plan["inDoubt"][number]["then"], string>

/** `owned`: an engine of another process carries it out, which may have the code that is missing here. */
export const page = (plan: Plan, owned: boolean): Page.Page => {
  const { action, commits, execution, inDoubt, irreversible, missing, more, remaining, status, steps, to, warnings } =
    plan
  const recorded = steps.filter(({ does }) => does === "replay").length
  const kept = recorded === 0 ? "" : `; ${recorded} phase${recorded === 1 ? " stays" : "s stay"} as recorded`
  const blind = owned && missing.some(({ needs }) => needs === "task")
  return [
    Page.flow(
      2,
      { text: `${action._tag.toLowerCase()} ${execution}`, tone: "strong" },
      "  ",
      Marks.status(status),
      ...(blind ? [] : [" → ", Marks.status(to)]),
      kept
    ),
    ...(blind ? [Page.flow(4, "  planned without the task's code: with --tasks MODULE it is told what runs")] : []),
    ...rows(steps.filter(({ does }) => does !== "replay")),
    ...(more ? [Page.line({ text: "  and whatever follows from that", tone: "dim" })] : []),
    ...inDoubt.map(({ path, then }) =>
      Page.flow(4, { text: "  ? ", tone: "warn" }, `${path} may have happened: ${doubts[then]}`)
    ),
    ...named("no way back before", commits, "warn"),
    ...named("nothing undoes", irreversible, "bad"),
    ...named("failed, and left as they are", remaining, "warn"),
    ...warnings.map((text) => Page.flow(4, { text: "  ! ", tone: "warn" }, text)),
    ...missing
      .filter(({ needs }) => !blind || needs !== "task")
      .map(({ message }) => Page.flow(4, { text: "  ✗ ", tone: "bad" }, message))
  ]
}
