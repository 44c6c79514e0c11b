/** `tree`: phases, branches, groups and children of an execution, below each other. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Store } from "../store/Store.js"
import type { Node, Tree } from "./Branching.js"
import * as Branching from "./Branching.js"
import type { Trouble } from "./Complaint.js"
import * as Marks from "./Marks.js"
import * as Page from "./Page.js"
import * as Screen from "./Screen.js"
import * as Seen from "./Seen.js"
import type { Span } from "./Text.js"
import * as Times from "./Times.js"

export interface Options {
  readonly id: string
  readonly all: boolean
  readonly json: boolean
}

/** How many executions are read for one tree: those beyond are named. */
const most = 500

/** The tree of an execution, its children's in it; each is read once. */
const grow = (store: Store, id: string, now: number, met: Set<string>): Effect.Effect<Tree, Trouble> =>
  Effect.gen(function* () {
    met.add(id)
    const seen = yield* Seen.one(store, id, now)
    const children = new Map<string, Tree>()
    for (const { child } of seen.status.phases) {
      if (child === undefined || met.has(child) || met.size >= most) continue
      // A child may not have begun, or be damaged: it is named all the same.
      const found = yield* Effect.option(grow(store, child, now, met))
      if (found._tag === "Some") children.set(child, found.value)
    }
    return Branching.make(seen, children)
  })

/** Of many parts that simply succeeded, a person sees the first and the last. */
const few = 20

const chosen = (parts: ReadonlyArray<Node>, all: boolean): ReadonlyArray<Node | number> => {
  if (all || parts.length <= few) return parts
  const shown: Array<Node | number> = []
  for (const [index, part] of parts.entries()) {
    const odd = part.phase?.state !== "succeeded" || part.child !== undefined
    const last = shown[shown.length - 1]
    if (odd || index < few / 2 || index >= parts.length - few / 2) shown.push(part)
    else if (typeof last === "number") shown[shown.length - 1] = last + 1
    else shown.push(1)
  }
  return shown
}

const noteOf = ({ label, path, phase }: Node): string => {
  if (phase === undefined) return ""
  const notes = [
    ...(phase.kind === "phase" || label.startsWith("undo of ") ? [] : [phase.kind]),
    ...(phase.state === "succeeded" ? [] : [phase.state]),
    ...(phase.attempt > 1 ? [`attempt ${phase.attempt}`] : []),
    ...(phase.endedAt === undefined ? [] : [Times.span(phase.endedAt - phase.startedAt)])
  ].join(", ")
  return path === "" || notes === "" ? "" : `  ${notes}`
}

const headOf = ({ id, status, task }: Tree): ReadonlyArray<Span | string> =>
  status === undefined
    ? [{ text: id, tone: "strong" }, "  not at hand"]
    : [{ text: id, tone: "strong" }, `  ${task}  `, Marks.status(status)]

const partsOf = (parts: ReadonlyArray<Node>, before: string, all: boolean): Page.Page => {
  const shown = chosen(parts, all)
  return shown.flatMap((part, index): Page.Page => {
    const last = index === shown.length - 1
    const rail: Span = { text: `${before}${last ? "└─ " : "├─ "}`, tone: "dim" }
    const next = `${before}${last ? "   " : "│  "}`
    if (typeof part === "number") return [Page.line(rail, { text: `… ${part} more that succeeded`, tone: "dim" })]
    const mark: ReadonlyArray<Span | string> = part.phase === undefined ? [] : [Marks.phase(part.phase.state), " "]
    return [
      Page.line(rail, ...mark, part.label, { text: noteOf(part), tone: "dim" }),
      ...partsOf(part.parts, next, all),
      ...(part.child === undefined ? [] : childOf(part.child, next, all))
    ]
  })
}

const childOf = (child: Tree, before: string, all: boolean): Page.Page => [
  Page.line({ text: `${before}└─ `, tone: "dim" }, ...headOf(child)),
  ...partsOf(child.parts, `${before}   `, all)
]

const page = (tree: Tree, all: boolean): Page.Page => [Page.line(...headOf(tree)), ...partsOf(tree.parts, "", all)]

export const run = Effect.fnUntraced(function* (store: Store, { all, id, json }: Options) {
  const device = yield* Screen.Screen
  const now = yield* Clock.currentTimeMillis
  const tree = yield* Seen.naming(store, id)(grow(store, id, now, new Set()))
  if (json) return yield* device.out(Screen.json(tree))
  yield* Screen.print(device, page(tree, all || device.paper.columns === undefined))
})
