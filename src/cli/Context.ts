/** `context`: what a phase sees, so that an operator can work out what to change. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Context } from "../core/Context.js"
import * as Control from "./Control.js"
import * as Marks from "./Marks.js"
import * as Page from "./Page.js"
import * as Refusals from "./Refusals.js"
import * as Screen from "./Screen.js"
import * as Seen from "./Seen.js"
import { fact, failed, heading, value } from "./Showing.js"
import * as Times from "./Times.js"

export interface Options {
  readonly id: string
  readonly phase: string | undefined
  readonly db: string
  readonly tasks: string | undefined
  readonly all: boolean
  readonly json: boolean
}

type Phase = NonNullable<Context["phase"]>

const about = ({ answers, attempt, inDoubt, input, kind, path }: Phase, viewer: Page.Viewer): Page.Page => [
  fact("phase", [path, ...(kind === "phase" ? [] : [kind]), ...(attempt > 1 ? [`attempt ${attempt}`] : [])].join(", ")),
  ...(inDoubt ? [fact("in doubt", { text: "it may have happened, and nobody knows", tone: "warn" })] : []),
  ...(answers === undefined ? [] : [fact("answers", answers === null ? "what the code says" : value(answers, viewer))]),
  ...(input === undefined ? [] : [fact("input", value(input, viewer))])
]

const tried = ({ attempts, failures }: Phase, viewer: Page.Viewer): Page.Page => [
  ...(failures.length === 0 ? [] : [Page.blank, heading("Failures"), ...failures.flatMap(failed)]),
  ...(attempts.length === 0 ? [] : [Page.blank, heading("Failed attempts")]),
  ...attempts.flatMap(({ at, attempt, failure }) => [
    Page.flow(4, { text: `  ${attempt}. `, tone: "warn" }, Times.full(at, viewer)),
    ...failed(failure)
  ])
]

/** Of more results than these a person sees the last ones. */
const most = 40

/** What was recorded, each with its path. */
const recorded = (
  title: string,
  rows: ReadonlyArray<readonly [path: string, text: string]>,
  all: boolean
): Page.Page => {
  const shown = all ? rows : rows.slice(-most)
  const left = rows.length - shown.length
  if (rows.length === 0) return []
  return [
    Page.blank,
    heading(`${title} (${rows.length})`),
    ...(left === 0 ? [] : [Page.line({ text: `  ${left} before these are left out: --all shows them`, tone: "dim" })]),
    Page.table(
      2,
      [
        { title: "", least: 12 },
        { title: "", least: 5 }
      ],
      shown
    )
  ]
}

const page = (context: Context, viewer: Page.Viewer, all: boolean): Page.Page => {
  const { checkpoints, created, execution, payload, phase, results, stage, status, task } = context
  const told = (json: unknown) => (json === undefined ? "nothing" : value(json, viewer))
  return [
    Page.flow(2, { text: execution, tone: "strong" }, `  ${task}  `, Marks.status(status)),
    ...(phase === undefined ? [] : about(phase, viewer)),
    fact("payload", value(payload, viewer)),
    ...(created === undefined ? [] : [fact("created", `with ${value(created, viewer)}, which was amended`)]),
    ...(stage === undefined ? [] : [fact("stage", `${stage.name}, the ${stage.n}., with ${told(stage.state)}`)]),
    ...(phase === undefined ? [] : tried(phase, viewer)),
    ...recorded(
      "Results before it",
      results.map((one) => [one.path, one.failures === undefined ? told(one.value) : "failed"]),
      all
    ),
    ...recorded(
      "Checkpoints before it",
      checkpoints.map(({ data, path }) => [path, told(data)]),
      all
    )
  ]
}

export const run = ({ all, db, id, json, phase, tasks }: Options) =>
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* Screen.Screen
      const now = yield* Clock.currentTimeMillis
      const { engine, provide, store } = yield* Control.open(db, "read")
      if (tasks !== undefined) yield* provide(tasks)
      const context = yield* Seen.naming(store, id)(engine.contextOf(id, phase))
      if (json) return yield* device.out(Screen.json(context))
      const viewer = Screen.viewer(device, now)
      yield* Screen.print(device, page(context, viewer, all || !viewer.terminal))
    })
  ).pipe(Effect.mapError(Refusals.of))
