/** The demo's three acts: killed, resumed, reverted. Each shows what happens, and then what that proves. */
import { basename } from "node:path"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Child from "./child.js"
import * as Journal from "./journal.js"
import * as Proof from "./proof.js"
import type { Scene } from "./scene.js"
import { Screen } from "./screen.js"
import * as Witness from "./witness.js"

/** A scene, with what the parent knows of it before anything runs. */
export interface Stage {
  readonly scene: Scene
  readonly files: number
  readonly before: ReadonlyMap<string, string>
}

const isCopy = (path: string): boolean => path.startsWith("copy ")
const isUndo = (path: string): boolean => path.startsWith("revert#1/")

const proved = (text: string) => Effect.flatMap(Screen, (screen) => screen.line(`   ✓ ${text}`, "green"))
const title = (text: string) => Effect.flatMap(Screen, (screen) => screen.line(`\n${text}`, "bold"))

/** Draws how many phases of a kind are recorded, while somebody else runs them; ends once `enough` are. */
const show = (scene: Scene, label: string, is: (path: string) => boolean, total: number, enough: number) =>
  Effect.flatMap(Screen, (screen) => {
    const seen = new Set<string>()
    return Journal.recorded(scene).pipe(
      Stream.chunks,
      Stream.tap((paths) => {
        for (const path of Chunk.filter(paths, is)) seen.add(path)
        return screen.bar(label, seen.size, total)
      }),
      Stream.takeUntil(() => seen.size >= enough),
      Stream.runDrain
    )
  })

/** Waits until a process has done its work, and draws how far it is. */
const watched = (
  child: Effect.Effect.Success<ReturnType<typeof Child.start>>,
  scene: Scene,
  is: (path: string) => boolean,
  total: number
) => Effect.raceFirst(child.done, Effect.zipRight(show(scene, `${child.pid}`, is, total, Infinity), Effect.never))

/** Waits until one more phase has begun, by the witness's log. */
const begun = (scene: Scene) =>
  Effect.suspend(() => {
    const count = () => Witness.read(scene.log).length
    const before = count()
    return Effect.repeat(Effect.sync(count), { until: (now) => now > before, schedule: Schedule.spaced("1 millis") })
  })

/** First act: a process begins the task, and is killed when half of the files are recorded, in the midst of the next. */
export const killed = Effect.fn("Demo.killed")(function* ({ files, scene }: Stage) {
  const half = Math.floor((files - 1) / 2)
  const child = yield* Child.start("run", scene)
  yield* title(`1. Process ${child.pid} mirrors the tree. Each file is a phase, and on record before the next begins.`)
  yield* child.killWhen(Effect.zipRight(show(scene, `${child.pid}`, isCopy, files, half), begun(scene)))
  const { phases, status } = yield* Journal.status(scene)
  const recorded = phases.filter(({ state }) => state === "succeeded").map(({ path }) => path)
  const inFlight = phases.find(({ state }) => state !== "succeeded")
  const { line } = yield* Screen
  yield* line(`   kill -9 ${child.pid}: ${recorded.filter(isCopy).length} of ${files} files are on record`, "yellow")
  if (inFlight === undefined) return yield* new Proof.CheckFailed({ message: "no phase was in flight at the kill" })
  yield* proved(`the journal is whole: ${status}, ${recorded.length} phases on record, in flight: ${inFlight.name}`)
  return { pid: child.pid, recorded, inFlight } satisfies Proof.AtTheKill
}, Effect.scoped)

/** Where the phase in flight ran, and under which key. */
const again = (name: string, ran: ReadonlyArray<Witness.Ran>, first: number): string => {
  const [one, other] = ran
  const where =
    one?.pid === first ? `begun in ${first}, run again in ${other?.pid}` : `not begun in ${first}, run in ${one?.pid}`
  return `in flight at the kill: ${name}\n     ${where}, under the same key, ${one?.key}`
}

/** Second act: another process resumes, and what each of the two ran is compared with what was on record at the kill. */
export const resumed = Effect.fn("Demo.resumed")(function* ({ files, scene }: Stage, first: Proof.AtTheKill) {
  const child = yield* Child.start("run", scene)
  yield* title(`2. Process ${child.pid} resumes: at the phase in flight, not at the first.`)
  yield* watched(child, scene, isCopy, files)
  const log = Witness.read(scene.log)
  const { phases, result, status } = yield* Journal.status(scene)
  yield* Proof.stands(status, "Completed")
  const paths = phases.map(({ path }) => path)
  const inFlight = yield* Proof.ranOnce(log, paths, first, child.pid)
  const count = (pid: number) => log.filter((ran) => ran.pid === pid).length
  yield* proved(
    `by an independent log, ${first.pid} ran ${count(first.pid)} phases and ${child.pid} ran ${count(child.pid)}`
  )
  yield* proved(`none of the ${first.recorded.length} phases on record ran again`)
  yield* proved(again(first.inFlight.name, inFlight, first.pid))
  const { published } = result as { readonly published: string }
  const copied = yield* Proof.sameBytes(scene.from, published)
  yield* proved(`${copied.files} files, ${(copied.bytes / 1e6).toFixed(1)} MB: the copy is the same, byte by byte`)
}, Effect.scoped)

/** Third act: one more process reverts, and the folder is compared with what it was before the task. */
export const reverted = Effect.fn("Demo.reverted")(function* ({ before, scene }: Stage) {
  const { phases } = yield* Journal.status(scene)
  const child = yield* Child.start("revert", scene)
  yield* title(`3. Process ${child.pid} reverts: every phase is undone, the newest first.`)
  yield* watched(child, scene, isUndo, phases.length)
  yield* Proof.stands((yield* Journal.status(scene)).status, "Reverted")
  const undone = yield* Proof.undoneOnce(Witness.read(scene.log), child.pid)
  yield* proved(`${undone} phases had something to undo, and none was undone twice`)
  yield* Proof.unchanged(before, scene.to)
  const kept = [...before.keys()].filter((path) => path !== "").join(", ")
  yield* proved(`${basename(scene.to)} holds what it held before, and nothing else: ${kept}`)
}, Effect.scoped)
