/**
 * How an execution goes on: with all that failed, or some of it; with values for phases that are skipped; with another
 * payload, or other inputs of items. Everything that is asked at once is recorded at once, or nothing.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import { type Action, type ActionOf, actOf } from "../core/Action.js"
import type { Entry, EntryOf } from "../core/Entry.js"
import { PhaseNotOpen, RequirementsMissing } from "../core/Errors.js"
import { render } from "../core/Failure.js"
import * as Fold from "../core/Fold.js"
import * as History from "../core/History.js"
import type { Json } from "../core/Json.js"
import type { Missing } from "../core/Missing.js"
import { isComposite, type PhaseRecord } from "../core/PhaseRecord.js"
import type { Status } from "../core/Status.js"
import * as Amendment from "./Amendment.js"
import * as CarryOver from "./CarryOver.js"
import { type Decision, mismatch, type Refusal } from "./Decision.js"
import * as Faults from "./Faults.js"
import * as Given from "./Given.js"
import * as GoingBack from "./GoingBack.js"
import * as Items from "./Items.js"
import * as Replay from "./Replay.js"
import * as Requirements from "./Requirements.js"
import { happened, unknown } from "./Stranded.js"

/** The actions that let an execution go on. */
export type Going = ActionOf<"resume"> | ActionOf<"rerun"> | ActionOf<"skip">

/** What is asked, the same for all of them. */
interface Asked {
  readonly execution: string
  readonly action: Going
  readonly history: History.History
  readonly definition: Definition
  /** what is taken up of what has failed; none: all of it */
  readonly from: ReadonlyArray<string> | undefined
  readonly values: ReadonlyArray<readonly [path: string, value: Json | undefined]>
  readonly amendment: Amendment.Amendment
}

type Resumed = EntryOf<"Resumed" | "RevertResumed">

export const resumed = (action: Action & { readonly inDoubt?: "rerun"; readonly stopAt?: string }, status: Status) =>
  ({
    _tag: status === "RevertFailed" ? "RevertResumed" : "Resumed",
    act: actOf(action),
    ...(action.inDoubt === "rerun" ? { rerun: true } : {}),
    ...(action.stopAt === undefined || status === "RevertFailed" ? {} : { stopAt: action.stopAt })
  }) satisfies Resumed

/** Decides an action of an execution whose status allows it. */
export const decide = (
  execution: string,
  action: Going,
  history: History.History,
  definition: Definition
): Effect.Effect<Decision, Refusal> => {
  const about = { execution, action, history, definition }
  switch (action._tag) {
    case "skip":
      return goOn({ ...about, from: undefined, values: [[action.phase, action.value]], amendment: {} })
    case "rerun":
      return Either.match(Items.chosen(execution, action, history), {
        onLeft: (problems) => refused(about, problems),
        onRight: ({ from, inputs }) => goOn({ ...about, from, values: [], amendment: { inputs } })
      })
    case "resume": {
      if (CarryOver.isCarried(action)) {
        return CarryOver.decide(execution, action, history, definition, resumed(action, history.status))
      }
      const { from, payload, values = {} } = action
      const paths = typeof from === "string" ? [from] : from
      const amendment = payload === undefined ? {} : { payload }
      return goOn({ ...about, from: paths, values: Object.entries(values), amendment })
    }
  }
}

/** One refusal as it is; several as the list of what they lack. */
const refused = (
  { action, execution }: Pick<Asked, "action" | "execution">,
  problems: ReadonlyArray<Refusal>
): Effect.Effect<never, Refusal> => {
  const [first, ...others] = problems
  if (first !== undefined && others.length === 0) return Effect.fail(first)
  const missing = problems.flatMap(Requirements.of) as unknown as readonly [Missing, ...ReadonlyArray<Missing>]
  return Effect.fail(new RequirementsMissing({ execution, verb: action._tag, missing }))
}

const goOn = (asked: Asked): Effect.Effect<Decision, Refusal> => {
  const { action, amendment, definition, execution, from, history, values } = asked
  const { status } = history
  const unreadable = Amendment.problems(asked)
  if (unreadable.length > 0) return refused(asked, unreadable)
  const seen = Amendment.applied(history, amendment)
  const replayed = status === "RevertFailed" ? undefined : Replay.fresh(definition, seen)
  if (replayed?.misfit !== undefined) {
    const to = Amendment.isEmpty(amendment) ? GoingBack.nearest(definition, history)?.path : undefined
    return Effect.fail(mismatch(execution, Faults.withWay(replayed.misfit, to)))
  }
  const amended = Amendment.undosSeeing(definition, history, seen, amendment)
  const given = values.map(([path, value]) => Given.of(asked, path, value, replayed?.cursor))
  const problems = [
    ...(action._tag === "resume" ? (from ?? []).flatMap((path) => closed(asked, path)) : []),
    ...Amendment.unamendable(asked, replayed?.cursor),
    ...given.flatMap((one) => (Either.isLeft(one) ? [one.left] : [])),
    ...Amendment.unconsented(asked, amended)
  ]
  if (problems.length > 0) return refused(asked, problems)
  const rights = given.flatMap((one) => (Either.isRight(one) ? [one.right] : []))
  const left = gone(asked, rights)
  if (left.length > 0) return refused(asked, left)
  const entries = [opening(asked), ...rights.map(({ entry }) => entry)]
  const ending = from === undefined && Amendment.isEmpty(amendment) ? [] : endingAgain(asked, entries)
  if (ending.length > 0) return refused(asked, ending)
  const close = rights.flatMap(({ token }) => (token === undefined ? [] : [token]))
  const signals = rights.flatMap(({ entry, signal }) => (signal === undefined ? [] : [[entry.path, signal] as const]))
  return Effect.succeed({
    entries,
    definition,
    amended,
    ...(close.length === 0 ? {} : { close }),
    ...(signals.length === 0 ? {} : { signals })
  })
}

/** The phases that stay as they have failed, although it goes on: what they are in was left for that. */
const gone = (asked: Asked, given: ReadonlyArray<Given.Given>): ReadonlyArray<PhaseNotOpen> => {
  if (given.length === 0) return []
  const { execution, history } = asked
  const then = History.copyOf(history)
  Fold.apply(then, opening(asked), then.updatedAt, then.epoch)
  return given.flatMap(({ entry: { path } }) =>
    then.phases.get(path)?.state === "failed"
      ? [new PhaseNotOpen({ execution, phase: path, reason: "what it is in was left because it failed" })]
      : []
  )
}

/** The entry with which it goes on. */
const opening = ({ action, amendment, from, history, values }: Asked): Entry => {
  const entry = resumed(action, history.status)
  if (entry._tag === "RevertResumed") return entry
  const inputs = Array.from(amendment.inputs ?? [], ([path, input]) => ({ path, input }))
  return {
    ...entry,
    ...(amendment.payload === undefined ? {} : { payload: amendment.payload }),
    ...(inputs.length === 0 ? {} : { inputs }),
    ...(from === undefined ? {} : { only: [...from, ...values.map(([path]) => path)] })
  }
}

/** Why a phase is not one from which it can go on, if it is not. */
const closed = ({ execution, history }: Asked, path: string): ReadonlyArray<PhaseNotOpen> => {
  const record = history.phases.get(path)
  const refuse = (reason: string) => [new PhaseNotOpen({ execution, phase: path, reason, asked: "resume" })]
  if (record === undefined) return refuse(unknown(history, path))
  if (record.state === "succeeded") return [happened(execution, history, record, "resume")]
  if (!record.forward && history.status !== "RevertFailed") return refuse("it is no phase of the body")
  return []
}

/** What stays as it failed, and would have it fail again before anything else happens. */
const endingAgain = ({ definition, execution, history, action }: Asked, entries: ReadonlyArray<Entry>) => {
  const then = History.copyOf(history)
  for (const entry of entries) Fold.apply(then, entry, then.updatedAt, then.epoch)
  const step = Replay.fresh(definition, then).cursor?.advance(then)
  const why = step?._tag === "Stuck" ? step.failures.map(render) : step?._tag === "Threw" ? [step.defect.message] : []
  if (why.length === 0) return []
  const verb = action._tag === "rerun" ? "rerun" : "resume"
  const refuse = (phase: string, reason: string) => new PhaseNotOpen({ execution, phase, reason, asked: verb })
  const failed = [...then.open].filter(isFailed)
  return failed.length === 0
    ? [refuse(history.position, `it would fail at once: ${why.join("; ")}`)]
    : failed.map(({ path }) =>
        refuse(path, "it has failed too, which would end everything at once: resume or skip it as well")
      )
}

const isFailed = (record: PhaseRecord): boolean => record.forward && record.state === "failed" && !isComposite(record)
