/**
 * What outlives the processes of a simulation: the store's memory, what phases did to the outside, and a log of every
 * run. It watches while phases run: a run that no entry explains, or of something recorded, is a violation.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { TaskEngine } from "../../src/authoring/TaskEngine.js"
import type { Entry, Recorded } from "../../src/core/Entry.js"
import * as Fold from "../../src/core/Fold.js"
import type * as History from "../../src/core/History.js"
import type { Config } from "../../src/engine/Config.js"
import * as Engine from "../../src/engine/Engine.js"
import { EngineConfig, Phase } from "../../src/index.js"
import type { Encoded } from "../../src/store/Encoded.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded, TaskStore } from "../../src/store/Store.js"
import { type Ended, Simulation } from "./Simulation.js"

/** Where a process dies: at its `write`-th write (from 1), before or after the store has it. */
export interface Crash {
  readonly write: number
  readonly after: boolean
}

/** One run of the effect of a phase or an undo. */
export interface Ran {
  readonly process: number
  readonly at: number
  readonly execution: string
  readonly path: string
  readonly attempt: number
  readonly key: string
  /** how often what it stands in was begun anew before */
  readonly generation: number
}

type Current = NonNullable<Phase.Running>

export class World {
  readonly simulation = new Simulation(() => this.isRecorded())
  readonly memory = MemoryStore.memory()
  readonly ran: Array<Ran> = []
  readonly violations: Array<string> = []
  /** what stands outside, by the name of the phase, with the key under which it was done */
  readonly outside = new Map<string, string>()
  /** how many processes there were */
  processes = 0
  /** the writes of the present process, and of all before it */
  writes = 0
  readonly died: Array<Crash> = []
  private crash: Crash | undefined
  private ids = 0
  private readonly parsed = new WeakMap<object, Recorded>()
  /** runs of the present process that have ended, and where their journals ended then */
  private ended: Array<Current & { readonly seq: number }> = []

  /** Runs a program with an engine of its own as the next process; it dies at `crash`. */
  process<A, E>(
    program: Effect.Effect<A, E, TaskEngine | TaskStore>,
    options: {
      readonly crash?: Crash | undefined
      readonly tasks?: ReadonlyArray<{ readonly layer: Layer.Layer<never, never, TaskEngine> }>
      readonly config?: Partial<Config>
    } = {}
  ): Ended<A, E> {
    this.processes++
    this.writes = 0
    this.crash = options.crash
    this.ended = []
    this.memory.ownedSince = undefined
    // What a dead process waited for must not wake it: its scheduler is the next one's too.
    this.memory.watchers.clear()
    const config = {
      ...EngineConfig.defaults,
      newId: Effect.sync(() => `id-${++this.ids}`),
      ...options.config
    }
    const store = Layer.effect(
      TaskStore,
      Effect.map(MemoryStore.make(this.memory), (encoded) => fromEncoded(this.mortal(encoded)))
    )
    const engine = Engine.layer.pipe(Layer.provideMerge(store), Layer.provide(Layer.succeed(EngineConfig, config)))
    const registered = (options.tasks ?? []).reduce<Layer.Layer<TaskEngine | TaskStore>>(
      (layers, task) => Layer.provideMerge(task.layer, layers),
      engine
    )
    const ended = this.simulation.run(Effect.provide(program, registered))
    if (ended._tag === "Died" && this.crash !== undefined) this.died.push(this.crash)
    return ended
  }

  /** A store whose process dies at a write. Every write takes a turn of its own, before and after. */
  private mortal(encoded: Encoded): Encoded {
    const write = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.suspend(() => {
        const here = this.crash?.write === ++this.writes ? this.crash : undefined
        if (here === undefined) return Effect.zipLeft(effect, Effect.yieldNow())
        return here.after ? Effect.zipRight(Effect.exit(effect), this.simulation.die) : this.simulation.die
      })
    return {
      ...encoded,
      create: (request) => write(encoded.create(request)),
      append: (request) => write(encoded.append(request)),
      claim: (id, owner) => write(encoded.claim(id, owner)),
      order: (order) => write(encoded.order(order)),
      answer: (answer) => write(encoded.answer(answer)),
      takeAnswer: (order) => encoded.takeAnswer(order),
      complete: (completing) => write(encoded.complete(completing)),
      end: (ending) => write(encoded.end(ending)),
      beat: (beat) => write(encoded.beat(beat)),
      post: (signal) => write(encoded.post(signal))
    }
  }

  /** The effect of a phase: it happens outside, once for each key. `null` is no value. */
  does<A>(name: string, value: A): Effect.Effect<A> {
    return this.seen((current) => {
      this.outside.set(name, current.key)
      return Effect.succeed(value)
    })
  }

  /** The effect of an undo: what `name` did outside is gone. */
  undoes(name: string): Effect.Effect<void> {
    return this.seen(() => {
      this.outside.delete(name)
      return Effect.void
    })
  }

  /** Something that stands outside from then on, done by an effect that never ends. */
  hangs(name: string): Effect.Effect<string> {
    return this.seen(({ key }) => {
      this.outside.set(name, key)
      return Effect.never as Effect.Effect<string>
    })
  }

  /** An effect that is watched, and may do anything. */
  seen<A, E>(effect: (current: Current) => Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.flatMap(Phase.Current, (current) => {
      if (current === undefined) return Effect.dieMessage("a phase's effect ran outside of a phase")
      this.watch(current)
      return Effect.onExit(effect(current), (exit) =>
        Effect.sync(() => {
          if (!Exit.isInterrupted(exit)) this.ended.push({ ...current, seq: this.entries(current.execution).length })
        })
      )
    })
  }

  /** What has ended is recorded before the clock moves on. */
  private isRecorded(): void {
    for (const { attempt, execution, path, seq } of this.ended.splice(0)) {
      const after = this.entries(execution).slice(seq)
      if (!after.some(({ entry }) => "path" in entry && entry.path === path)) {
        this.violations.push(`attempt ${attempt} of ${path} has ended, and is not recorded`)
      }
    }
  }

  private watch({ attempt, execution, key, path }: Current): void {
    const all = this.entries(execution)
    const rewound = all.filter(
      ({ entry, seq }) => entry._tag === "Rewound" && hasLeft(all.slice(0, seq), entry.to, path)
    )
    const generation = rewound.length
    const entries = all.slice((rewound.at(-1)?.seq ?? -1) + 1)
    const of = entries.filter(({ entry }) => "path" in entry && entry.path === path)
    const before = this.ran.filter((run) => run.execution === execution && run.path === path)
    const explained = of.some(({ entry }) =>
      attempt === 1 ? entry._tag === "PhaseStarted" : entry._tag === "AttemptStarted" && entry.attempt === attempt
    )
    if (!explained) this.violations.push(`${path} ran its attempt ${attempt} with no entry for it`)
    if (of.some(({ entry }) => entry._tag === "PhaseSucceeded"))
      this.violations.push(`${path} ran although it is recorded`)
    if (before.some((run) => run.generation === generation && run.attempt === attempt)) {
      this.violations.push(`${path} ran its attempt ${attempt} twice`)
    }
    if (before.some((run) => (run.key === key) !== (run.generation === generation))) {
      this.violations.push(`${path} ran with the key of another`)
    }
    const failed = of.findLast(({ entry }) => entry._tag === "AttemptFailed")
    const now = this.simulation.now
    if (
      failed?.entry._tag === "AttemptFailed" &&
      now < failed.at + failed.entry.delay &&
      !resumedAfter(entries, failed.seq)
    ) {
      this.violations.push(`${path} ran ${failed.at + failed.entry.delay - now} ms before its delay was over`)
    }
    this.ran.push({ process: this.processes, at: now, execution, path, attempt, key, generation })
  }

  /** The journal of an execution as the memory has it. */
  entries(execution: string): ReadonlyArray<Recorded> {
    const rows = this.memory.executions.get(execution)?.rows ?? []
    return rows.map((row) => {
      const known = this.parsed.get(row)
      if (known !== undefined) return known
      const { at, body, epoch, seq } = row
      const entry = { seq, at, epoch, entry: JSON.parse(body) as Entry }
      this.parsed.set(row, entry)
      return entry
    })
  }

  history(execution: string): History.History {
    return Fold.whole(this.entries(execution))
  }

  /** How often attempts at `path` were recorded as failed. */
  failures(execution: string, path: string): number {
    return this.entries(execution).filter(
      ({ entry }) => (entry._tag === "AttemptFailed" || entry._tag === "PhaseFailed") && entry.path === path
    ).length
  }
}

/** Whether a phase that has run is left behind: by the next attempt of the group at `to`, or by going back to the checkpoint. */
const hasLeft = (before: ReadonlyArray<Recorded>, to: string, path: string): boolean => {
  if (path.startsWith(`${to}/`)) return true
  const isOutward = before.some(({ entry }) => entry._tag === "RevertStarted" && entry.to === to)
  if (!isOutward && !path.startsWith(to.slice(0, to.lastIndexOf("/") + 1))) return false
  const starts = (at: string) =>
    before.findLast(
      ({ entry }) =>
        (entry._tag === "PhaseStarted" && entry.path === at) ||
        (entry._tag === "StageEntered" && `@${entry.stage}#${entry.n}` === at)
    )
  const mark = starts(to)
  const isMark = mark?.entry._tag === "PhaseStarted" ? mark.entry.kind === "checkpoint" : mark !== undefined
  return isMark && (starts(path)?.seq ?? -1) > mark!.seq
}

const resumedAfter = (entries: ReturnType<World["entries"]>, seq: number): boolean =>
  entries.some(({ entry, seq: at }) => at > seq && entry._tag === "Resumed")
