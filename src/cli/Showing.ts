/** One execution on a page: what it is, its phases, why it stands still, and what to do next. */
import { type Failure, render } from "../core/Failure.js"
import * as Advice from "./Advice.js"
import * as Marks from "./Marks.js"
import * as Page from "./Page.js"
import type { Seen } from "./Seen.js"
import * as Shown from "./Shown.js"
import * as Text from "./Text.js"
import * as Times from "./Times.js"

const labels = 10

export const fact = (label: string, ...pieces: ReadonlyArray<Text.Span | string>): Page.Line =>
  Page.flow(labels + 2, { text: `  ${label.padEnd(labels)}`, tone: "dim" }, ...pieces)

export const heading = (title: string): Page.Line => Page.line({ text: title, tone: "strong" })

/** A value that does not fill a screen: `--json` has all of it. */
export const value = (json: unknown, { terminal }: Page.Viewer): string => {
  const text = JSON.stringify(json)
  const most = 400
  return terminal && text.length > most ? `${Text.cut(text, most)} (${text.length} characters: see --json)` : text
}

const wait = (
  { child, holders, kind, name, path, progress, since, until }: Shown.Wait,
  viewer: Page.Viewer
): string => {
  const what = kind === "place" ? `a place behind ${JSON.stringify(name)}` : `${kind} ${path}`
  const far = progress?.progress === undefined ? undefined : `${Math.round(progress.progress * 100)} %`
  return [
    what,
    `since ${Times.full(since, viewer)}`,
    ...(until === undefined ? [] : [`until ${Times.full(until, viewer)}`]),
    ...(child === undefined ? [] : [`for execution ${child}`]),
    ...(holders === undefined || holders.length === 0 ? [] : [`held by ${holders.slice(0, 5).join(", ")}`]),
    ...[far, progress?.text].filter((part) => part !== undefined)
  ].join(", ")
}

const facts = (shown: Shown.Shown, viewer: Page.Viewer, alone: boolean): Page.Page => {
  const { closeError, owner, parent, position, result, stage, times, waits } = shown
  const took = times.started === undefined ? undefined : (times.ended ?? viewer.now) - times.started
  const time = (label: string, at: number | undefined) =>
    at === undefined ? [] : [fact(label, Times.full(at, viewer))]
  return [
    ...time("created", times.created),
    ...time("due", times.started === undefined ? times.due : undefined),
    ...time("started", times.started),
    ...time("ended", times.ended),
    ...(took === undefined ? [] : [fact(times.ended === undefined ? "for" : "took", Times.span(took))]),
    ...(parent === undefined ? [] : [fact("child of", `${parent.execution}, at ${parent.path}`)]),
    ...(shown.tags === undefined ? [] : [fact("tags", shown.tags.join(", "))]),
    fact("payload", value(shown.payload, viewer)),
    ...(result === undefined ? [] : [fact("result", value(result, viewer))]),
    ...(stage === undefined ? [] : [fact("stage", `${stage.name}, the ${stage.n}. that it entered`)]),
    ...(position === "" || times.ended !== undefined ? [] : [fact("position", position)]),
    ...(owner === undefined ? [] : [fact("engine", alone ? `${owner}, which runs no more` : owner)]),
    ...waits.map((one) => fact("waits for", wait(one, viewer))),
    ...(closeError === undefined ? [] : [fact("cleanup", `threw ${closeError.name}: ${closeError.message}`)])
  ]
}

/** More phases than these are not shown to a person: the last ones are, and those that did not simply happen. */
const most = 40

const chosen = (phases: ReadonlyArray<Shown.Phase>, all: boolean): ReadonlySet<number> => {
  const indexes = [...phases.keys()]
  if (all || phases.length <= most) return new Set(indexes)
  const odd = indexes.filter((index) => phases[index]!.state !== "succeeded")
  return new Set([...odd.slice(-most / 2), ...indexes.slice(-most / 2)])
}

const notes = ({ attempt, child, generation, inDoubt, kind, state, undoes }: Shown.Phase): string =>
  [
    ...(kind === "phase" ? [] : [kind]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(generation > 0 ? [generation === 1 ? "done anew" : `done anew ${generation} times`] : []),
    ...(inDoubt && state !== "in doubt" && state !== "waiting" ? ["in doubt"] : []),
    ...(undoes === undefined ? [] : [`undoes ${undoes}`]),
    ...(child === undefined ? [] : [`execution ${child}`])
  ].join(", ")

const row = (phase: Shown.Phase, viewer: Page.Viewer): ReadonlyArray<Text.Span | string> => [
  Marks.phase(phase.state),
  phase.path,
  Marks.state(phase.state),
  { text: viewer.terminal ? Times.stamp(phase.startedAt).slice(11, 19) : Times.iso(phase.startedAt), tone: "dim" },
  phase.endedAt === undefined ? "" : Times.span(phase.endedAt - phase.startedAt),
  { text: notes(phase), tone: "dim" }
]

const columns: ReadonlyArray<Page.Column> = [
  { title: "" },
  { title: "PHASE", least: 12 },
  { title: "STATE" },
  { title: "STARTED" },
  { title: "TOOK", end: true },
  { title: "NOTES", least: 5 }
]

const phases = ({ phases }: Shown.Shown, all: boolean, viewer: Page.Viewer): Page.Page => {
  if (phases.length === 0) return []
  const shown = chosen(phases, all || !viewer.terminal)
  const left = phases.length - shown.size
  return [
    Page.blank,
    heading(`Phases (${phases.length})`),
    ...(left === 0 ? [] : [Page.line({ text: `  ${left} of them are left out: --all shows them`, tone: "dim" })]),
    Page.table(
      2,
      columns,
      phases.filter((_, index) => shown.has(index)).map((one) => row(one, viewer))
    )
  ]
}

/** Where in the code it died, as far as a person needs it. */
const stackOf = (failure: Failure): Page.Page => {
  const stack = failure._tag === "Die" || failure._tag === "TaskDefect" ? failure.defect.stack : undefined
  const frames = (stack ?? "").split("\n").filter((text) => /^\s+at /.test(text))
  return frames.slice(0, 4).map((text) => Page.line({ text: `      ${text.trim()}`, tone: "dim" }))
}

export const failed = (failure: Failure): Page.Page => [
  Page.flow(4, { text: "  ✗ ", tone: "bad" }, render(failure)),
  ...stackOf(failure)
]

const failures = (shown: Shown.Shown, viewer: Page.Viewer): Page.Page => {
  const attempts = shown.phases.flatMap(({ attempts, state }) => (state === "succeeded" ? [] : attempts))
  return [
    ...(shown.failures.length === 0 ? [] : [Page.blank, heading("Failures"), ...shown.failures.flatMap(failed)]),
    ...(attempts.length === 0 ? [] : [Page.blank, heading("Failed attempts")]),
    ...attempts
      .slice(-10)
      .map(({ at, attempt, delay, failure }) =>
        Page.flow(
          4,
          { text: `  ${attempt}. `, tone: "warn" },
          `${render(failure)}; ${Times.full(at, viewer)}, the next one ${Times.span(delay)} later`
        )
      )
  ]
}

const next = (seen: Seen, alone: boolean): Page.Page => [
  Page.blank,
  heading("Next"),
  ...Page.glossary(Advice.next(seen, alone).map(({ command, why }) => [command, why]))
]

/** `all`: also where there are many phases; `alone`: no engine runs. */
export interface Options {
  readonly all?: boolean | undefined
  readonly alone?: boolean | undefined
}

export const page = (seen: Seen, viewer: Page.Viewer, { all = false, alone = false }: Options = {}): Page.Page => {
  const shown = Shown.make(seen)
  return [
    Page.flow(2, { text: shown.id, tone: "strong" }, `  ${shown.task} v${shown.version}  `, Marks.status(shown.status)),
    ...facts(shown, viewer, alone),
    ...phases(shown, all, viewer),
    ...failures(shown, viewer),
    ...next(seen, alone)
  ]
}
