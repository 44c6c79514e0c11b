/** What anybody may send to an execution, from any process that has its store: completions, signs of life, signals. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import type { Progress } from "../authoring/ExecutionStatus.js"
import { plain } from "../authoring/Recordable.js"
import {
  AlreadyCompleted,
  ExecutionEnded,
  RequiresTask,
  type StoreError,
  TokenClosed,
  TokenExpired,
  TokenNotFound,
  ValueRefused
} from "../core/Errors.js"
import type { History } from "../core/History.js"
import type { Remote } from "../core/Instruction.js"
import type { Json, Problem } from "../core/Json.js"
import * as Name from "../core/Name.js"
import type { Completing, Store } from "../store/Store.js"
import { Answers } from "./Answers.js"
import * as Completion from "./Completion.js"
import type { Config } from "./Config.js"
import type { Handed } from "./Handouts.js"
import type { Live } from "./Live.js"
import * as Perform from "./Perform.js"
import type { Recovery } from "./Recovery.js"
import type { Registry } from "./Registry.js"
import * as Replay from "./Replay.js"
import { hashOf } from "./Tokens.js"

/** What a token looks like: nothing else is looked for. */
const form = /^[\w-]{22,128}$/

const remoteOf = ({ schema }: Handed): Remote => schema as unknown as Remote

const isToken = (token: unknown): token is string => typeof token === "string" && form.test(token)

/** A phase that waits, or the execution that a signal is for. */
interface Where {
  readonly execution: string
  readonly path: string
}

const refuse = ({ execution, path }: Where, { at, reason }: Problem) =>
  new ValueRefused({ execution, path, at, reason })

export class Completions {
  private readonly answers = new Answers()

  constructor(
    private readonly store: Store,
    private readonly config: Config,
    private readonly registry: Registry,
    private readonly live: Live,
    private readonly recovery: Recovery,
    private readonly now: () => number
  ) {}

  /** Completes the phase that gave this token; answered as done once it is on disk, with the execution that it is for. */
  readonly complete = Effect.fnUntraced(function* (
    this: Completions,
    token: string,
    exit: Exit.Exit<unknown, unknown>
  ) {
    const encoded = Completion.encode(exit)
    const going = yield* this.goOnAtOnce(token, encoded)
    if (going !== undefined) return going
    const { hash, row } = yield* this.find(token)
    const { execution, path } = row
    const outcome = yield* this.accept(row, encoded)
    if (row.ended === null) {
      const problem = yield* this.problem(row, outcome)
      if (problem !== undefined) return yield* problem
    }
    const completing = this.completing(hash, outcome)
    if (row.ended === null && (yield* this.goOnWith(row, completing, outcome))) return execution
    const done = yield* this.store.complete(completing)
    switch (done._tag) {
      case "Accepted":
        yield* this.recovery.arrived(done.execution)
        return done.execution
      case "Same":
        return execution
      case "Differs":
        return yield* new AlreadyCompleted({ execution, path })
      case "Expired":
        return yield* new TokenExpired({ execution, path })
      case "Closed":
        return yield* new TokenClosed({ execution, path })
      case "NotFound":
        return yield* new TokenNotFound({})
    }
  })

  /** With a token that this engine has handed out not long ago. Whatever keeps the execution from going on is found out later. */
  private *goOnAtOnce(token: string, encoded: ReturnType<typeof Completion.encode>) {
    const { handouts } = this.live
    const hash = isToken(token) ? hashOf(token) : ""
    const handed = handouts.get(hash)
    if (handed === undefined || Either.isLeft(encoded)) return undefined
    const outcome = encoded.right
    const isKnown = outcome._tag === "Success" && remoteOf(handed).success !== null
    if (!isKnown || Perform.tooLarge(outcome as unknown as Json, this.config.maxValue) !== undefined) return undefined
    if ((yield* this.problem(handed, outcome)) !== undefined) return undefined
    handouts.delete(hash)
    return (yield* this.goOnWith(handed, this.completing(hash, outcome), outcome)) ? handed.execution : undefined
  }

  private completing(hash: string, outcome: Completion.Outcome): Completing {
    return { hash, outcome: Completion.hashOf(outcome), body: outcome as unknown as Json, at: this.now() }
  }

  private goOnWith(handed: Handed, completing: Completing, outcome: Completion.Outcome) {
    const isPlain = outcome._tag === "Success" && Perform.sizeOf(completing.body) <= this.config.maxValue / 10
    return this.recovery.goOnWith(handed, completing, isPlain)
  }

  /** Tells that whoever is to complete a phase is at it. */
  heartbeat(token: string, given: Progress = {}) {
    return Effect.gen(this, function* () {
      const { hash, row } = yield* this.find(token)
      const { execution, path } = row
      if (!isObject(given)) return yield* refuse(row, noProgress)
      const { progress, text } = given
      const problem = progressProblem(progress, text)
      if (problem !== undefined) return yield* refuse(row, problem)
      const told = { ...(progress === undefined ? {} : { progress }), ...(text === undefined ? {} : { text }) }
      const some = Object.keys(told).length > 0 ? { progress: told } : {}
      const answer = yield* this.store.beat({ hash, at: this.now(), ...some })
      switch (answer) {
        case "heard":
          return
        case "completed":
          return yield* new AlreadyCompleted({ execution, path })
        case "expired":
          return yield* new TokenExpired({ execution, path })
        case "closed":
          return yield* new TokenClosed({ execution, path })
        case "unknown":
          return yield* new TokenNotFound({})
      }
    })
  }

  /** Leaves a value for an execution, under a name. */
  signal(id: string, name: string, value: unknown) {
    return Effect.gen(this, function* () {
      const invalid = Name.check("the execution id", id) ?? Name.check("the signal", name)
      if (invalid !== undefined) return yield* invalid
      const json = plain.encode(value)
      const problem = Either.isLeft(json) ? json.left : Perform.tooLarge(json.right, this.config.maxValue)
      if (problem !== undefined) return yield* refuse({ execution: id, path: name }, problem)
      const sent = Either.getOrElse(json, () => undefined)
      const body = sent === undefined ? {} : { value: sent }
      const posted = yield* this.store.post({ execution: id, key: name, body, at: this.now() })
      if (posted === undefined) return yield* this.store.absent(id)
      const { row } = posted
      if (!posted.posted) return yield* new ExecutionEnded({ execution: id, status: row.status })
      return yield* this.recovery.arrived(id)
    })
  }

  /** What those who are to complete phases of an execution have told last, by the hash of the token. */
  told({ open }: History): Effect.Effect<ReadonlyMap<string, Progress>, StoreError> {
    return Effect.gen(this, function* () {
      const told = new Map<string, Progress>()
      for (const { silence, token } of open) {
        const row = token === undefined || silence === undefined ? undefined : yield* this.store.token(token)
        if (token !== undefined && row?.progress != null) told.set(token, row.progress as Progress)
      }
      return told
    })
  }

  private find(token: string) {
    if (!isToken(token)) return new TokenNotFound({})
    const hash = hashOf(token)
    return Effect.flatMap(this.store.token(hash), (row) =>
      row === undefined ? new TokenNotFound({}) : Effect.succeed({ hash, row })
    )
  }

  private accept(where: Where, encoded: Either.Either<Completion.Outcome, Problem>) {
    if (Either.isLeft(encoded)) return refuse(where, encoded.left)
    const large = Perform.tooLarge(encoded.right as unknown as Json, this.config.maxValue)
    return large === undefined ? Effect.succeed(encoded.right) : refuse(where, large)
  }

  /** By the schema that is kept with the token; where that cannot say all, by the task's code. */
  private *problem(row: Handed, outcome: Completion.Outcome) {
    if (outcome._tag === "Die") return undefined
    const remote = remoteOf(row)
    const schema = outcome._tag === "Success" ? remote.success : remote.error
    if (schema === null) return yield* this.checkByCode(row, outcome)
    const found = this.answers.problem(schema, outcome._tag === "Success" ? outcome.value : outcome.error)
    const problem = Effect.isEffect(found) ? yield* found : found
    return problem === undefined ? undefined : refuse(row, problem)
  }

  private checkByCode({ execution, path, task }: Handed, outcome: Completion.Outcome) {
    return Effect.gen(this, function* () {
      const known = this.live.history(execution)
      const history = yield* Effect.catchTag(
        known,
        "ExecutionNotFound",
        "ExecutionDiscarded",
        () => new TokenNotFound({})
      )
      const lent = this.live.standby.first(execution)?.definition
      const definition = lent ?? this.registry.get(task, history.version)?.definition
      if (definition === undefined) return yield* new RequiresTask({ execution, path, task })
      const instruction = Replay.fresh(definition, history).cursor?.standing(path)?.instruction
      if (instruction?._tag !== "Run") return yield* new RequiresTask({ execution, path, task })
      const decoded = Completion.decode(outcome as unknown as Json, instruction)
      if (Either.isLeft(decoded)) return yield* refuse({ execution, path }, decoded.left)
    })
  }
}

const isObject = (given: unknown): boolean => typeof given === "object" && given !== null

const noProgress: Problem = { at: "$", reason: "it is an object of a number `progress` and a `text`" }

/** In characters. */
const longestText = 1_000

const progressProblem = (progress: number | undefined, text: string | undefined): Problem | undefined => {
  if (progress !== undefined && !(typeof progress === "number" && progress >= 0 && progress <= 1)) {
    return { at: "$.progress", reason: "it is a number from 0 to 1" }
  }
  if (text !== undefined && !(typeof text === "string" && text.length <= longestText)) {
    return { at: "$.text", reason: `it is a text of at most ${longestText} characters` }
  }
  return undefined
}
