/**
 * Why what somebody sends to an execution is refused: an answer to a phase, a sign of life, a signal. Nothing changed then.
 * None of them holds the token, for messages are logged and shown.
 */
import * as Schema from "effect/Schema"
import { Missing } from "./Missing.js"
import { all } from "./Status.js"

const Waiting = { execution: Schema.String, path: Schema.String }
const where = ({ execution, path }: { readonly execution: string; readonly path: string }): string =>
  `phase ${path} of execution ${execution}`

/** No phase in this store has this token. The same for whatever is no token: nobody learns from a guess. */
export class TokenNotFound extends Schema.TaggedError<TokenNotFound>()("TokenNotFound", {}) {
  override get message() {
    return "no phase in this store is answered by this token: send the token as it was handed out, to the store that it is from"
  }
}

/** The phase was completed before: with another answer, for the same one once more is no error. */
export class AlreadyCompleted extends Schema.TaggedError<AlreadyCompleted>()("AlreadyCompleted", Waiting) {
  override get message() {
    return `${where(this)} was completed before, and the first answer counts: see what status says of ${this.execution}`
  }
}

/** The attempt that the token belongs to is over without it: by its timeout, by a missing heartbeat, or by a failure. */
export class TokenExpired extends Schema.TaggedError<TokenExpired>()("TokenExpired", Waiting) {
  override get message() {
    return `the answer to ${where(this)} comes too late: that attempt failed or timed out. If another one follows, it has a token of its own.`
  }
}

/** Nobody waits for the answer any more: the execution was closed or reverted, or the phase lost a race. */
export class TokenClosed extends Schema.TaggedError<TokenClosed>()("TokenClosed", Waiting) {
  override get message() {
    return `${where(this)} is not waited for any more, for it was closed, reverted or overtaken: see what status says of ${this.execution}`
  }
}

/** It is no plain JSON, too large, or does not fit the schema, at this place in it. The phase goes on waiting. */
export class ValueRefused extends Schema.TaggedError<ValueRefused>()("ValueRefused", {
  ...Waiting,
  at: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `what was sent to ${where(this)} does not fit at ${this.at}: ${this.reason}. Nothing changed: send a value that fits.`
  }
}

/** Only the task's code can tell whether the answer fits, and this engine does not have it. The phase goes on waiting. */
export class RequiresTask extends Schema.TaggedError<RequiresTask>()("RequiresTask", {
  ...Waiting,
  task: Schema.String
}) {
  override get message() {
    return `the answer to ${where(this)} can be checked by the code of task ${this.task} alone: complete it where the task's layer (task.layer) is provided`
  }
}

/**
 * The execution cannot go to that checkpoint; nothing moved. `unknown`: none of that name stands, or `ambiguous`: several do;
 * `undeclared`: its task has no such checkpoint; `notOnSpine`: it is in a branch; `committed`: a commit checkpoint lies between;
 * `discarded`: what is to be undone is; `ended`, `closing`, `reverting`: the
 * execution goes nowhere any more.
 */
export class CheckpointRefused extends Schema.TaggedError<CheckpointRefused>()("CheckpointRefused", {
  execution: Schema.String,
  checkpoint: Schema.String,
  reason: Schema.Literal(
    "unknown",
    "undeclared",
    "ambiguous",
    "notOnSpine",
    "committed",
    "discarded",
    "ended",
    "closing",
    "reverting"
  ),
  message: Schema.String
}) {}

/** The execution takes no signals any more: it has ended. */
export class ExecutionEnded extends Schema.TaggedError<ExecutionEnded>()("ExecutionEnded", {
  execution: Schema.String,
  status: Schema.Literal(...all)
}) {
  override get message() {
    return `execution ${this.execution} is ${this.status}: no phase of it will take the signal. Send it to an execution that goes on.`
  }
}

/**
 * The execution has moved since the plan was made that somebody has confirmed. Nothing changed: look at the new plan, whose
 * hash is `plan`, and confirm that.
 */
export class PlanOutdated extends Schema.TaggedError<PlanOutdated>()("PlanOutdated", {
  execution: Schema.String,
  verb: Schema.String,
  plan: Schema.String
}) {
  override get message() {
    return `execution ${this.execution} has moved since this ${this.verb} was planned: look at the new plan, ${this.plan}, and confirm that`
  }
}

/** The action takes more than was given: each thing that is missing, with what would do. Nothing changed. */
export class RequirementsMissing extends Schema.TaggedError<RequirementsMissing>()("RequirementsMissing", {
  execution: Schema.String,
  verb: Schema.String,
  missing: Schema.NonEmptyArray(Missing)
}) {
  override get message() {
    return `${this.verb} of execution ${this.execution} lacks something: ${this.missing.map(({ message }) => message).join("; ")}`
  }
}
