import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Errors from "../../src/core/Errors.js"
import { failed } from "../support/journal.js"

const execution = "order-7"
const failures = [failed("charge")]
const waiting = { execution, path: "approve" }

/** Every error, and what it says to a person. */
const messages: ReadonlyArray<readonly [error: Error, message: string]> = [
  [
    new Errors.InvalidName({ what: "the task name", given: "a\u0000", problem: "it holds a control character" }),
    `the task name "a\\u0000" cannot be used: it holds a control character. Choose 1 to 255 bytes of printable text in Unicode's composed form (NFC).`
  ],
  [
    new Errors.PayloadInvalid({ task: "order", at: "$.sku", reason: "is missing" }),
    "the payload does not fit task order at $.sku: is missing"
  ],
  [
    new Errors.ExecutionNotFound({ execution }),
    "there is no execution order-7 in this store; list shows those that it has"
  ],
  [
    new Errors.ExecutionDiscarded({ execution, at: 0 }),
    "execution order-7 is discarded: it had ended, and its retention was over at 1970-01-01T00:00:00.000Z. Use another id."
  ],
  [
    new Errors.ExecutionConflict({ execution, task: "order", reason: "it has another payload" }),
    "execution order-7 exists already: it has another payload. Use another id, or the same task and payload to attach to it."
  ],
  [
    new Errors.ExportUnreadable({ file: "golden/a.json", reason: "it is empty." }),
    "golden/a.json cannot be checked: it is empty. tidemark export ID --out FILE makes such files."
  ],
  [
    new Errors.TaskNotRegistered({ execution, task: "order" }),
    "execution order-7 needs task order, which this engine does not have: provide its layer (task.layer)"
  ],
  [
    new Errors.TaskNotRegistered({ execution, task: "order", version: 2 }),
    "execution order-7 needs task order in version 2, which this engine does not have: provide its layer (task.layer)"
  ],
  [
    new Errors.IllegalTransition({
      execution,
      from: "Completed",
      to: "Running",
      verb: "resume",
      hint: "It can be reverted."
    }),
    "execution order-7 is Completed: it cannot resume. It can be reverted."
  ],
  [
    new Errors.OwnedByParent({ execution, verb: "close", parent: "cart-1", path: "all/order" }),
    "execution order-7 is the child of cart-1, called at all/order: close cart-1, or close the child alone with force"
  ],
  [
    new Errors.HistoryMismatch({ execution, path: "charge", reason: "another name" }),
    "the code does not fit the journal of execution order-7 at charge: another name"
  ],
  [
    new Errors.ExecutionFailed({ execution, failures }),
    `execution order-7 is Failed: failed at charge: "no". Resume, close or revert it.`
  ],
  [
    new Errors.ExecutionFailed({
      execution,
      failures: [{ _tag: "Fault", path: "kid", reason: "ChildConflict", message: "taken. Give it another id." }]
    }),
    "execution order-7 is Failed: ChildConflict at kid: taken. Give it another id. Resume, close or revert it."
  ],
  [
    new Errors.ExecutionPaused({ execution }),
    "execution order-7 is Paused: resume it, or execute with { resume: true }"
  ],
  [
    new Errors.ExecutionWaiting({ execution, until: 3_600_000 }),
    "execution order-7 waits until 1970-01-01T01:00:00.000Z: advance it then, for this engine is passive"
  ],
  [
    new Errors.ExecutionWaiting({ execution }),
    "execution order-7 waits until somebody sends it something: advance it then, for this engine is passive"
  ],
  [
    new Errors.ExecutionWaiting({ execution, key: "eu" }),
    'execution order-7 waits until there is a place behind its concurrency key "eu": advance it then, for this engine is passive'
  ],
  [new Errors.ExecutionClosed({ execution }), "execution order-7 was closed"],
  [new Errors.ExecutionClosed({ execution, reason: "sold out" }), "execution order-7 was closed: sold out"],
  [new Errors.ExecutionReverted({ execution, failures: [] }), "execution order-7 was reverted"],
  [
    new Errors.ExecutionReverted({ execution, failures }),
    `execution order-7 was reverted after failed at charge: "no"`
  ],
  [
    new Errors.RevertIncomplete({ execution, failures: [...failures, ...failures], causes: [] }),
    `the revert of execution order-7 stopped: failed at charge: "no"; failed at charge: "no". Resume goes on at that undo; skip passes it over.`
  ],
  [
    new Errors.ExecutionFailed({ execution, failures: Array.from({ length: 1_000 }, () => failures[0]!) }),
    `execution order-7 is Failed: ${'failed at charge: "no"; '.repeat(5)}and 995 more in \`failures\`. Resume, close or revert it.`
  ],
  [
    new Errors.PhaseNotOpen({ execution, phase: "charge", reason: "it happened" }),
    "phase charge of execution order-7 cannot be skipped: it happened"
  ],
  [
    new Errors.EngineBusy({ pid: 7, state: "running", store: "tidemark.db" }),
    "tidemark.db is owned by the engine in process 7: ask that engine, or end it first"
  ],
  [
    new Errors.EngineBusy({ pid: 7, state: "stopped", since: 0, store: "tidemark.db" }),
    "tidemark.db is owned by the engine in process 7 (stopped by a signal: kill -CONT or kill -9 it) since 1970-01-01T00:00:00.000Z: ask that engine, or end it first"
  ],
  [new Errors.StoreError({ reason: "Full", store: "tidemark.db", message: "no space is left" }), "no space is left"],
  [
    new Errors.Fenced({ execution, epoch: 2, seq: 9 }),
    "execution order-7 was claimed by another engine: entry 9 of epoch 2 was refused"
  ],
  [
    new Errors.JournalCorrupt({ execution, seq: 9, reason: "its checksum is wrong" }),
    "the journal of execution order-7 is damaged at entry 9: its checksum is wrong. Restore it from a backup."
  ],
  [new Errors.BrokenHistory(9, "phase a was started twice"), "entry 9: phase a was started twice"],
  [
    new Errors.OrderRefused({ execution, verb: "pause", reason: "it ended" }),
    "pause of execution order-7 was refused by the engine: it ended"
  ],
  [
    new Errors.TokenNotFound(),
    "no phase in this store is answered by this token: send the token as it was handed out, to the store that it is from"
  ],
  [
    new Errors.AlreadyCompleted(waiting),
    "phase approve of execution order-7 was completed before, and the first answer counts: see what status says of order-7"
  ],
  [
    new Errors.TokenExpired(waiting),
    "the answer to phase approve of execution order-7 comes too late: that attempt failed or timed out. If another one follows, it has a token of its own."
  ],
  [
    new Errors.TokenClosed(waiting),
    "phase approve of execution order-7 is not waited for any more, for it was closed, reverted or overtaken: see what status says of order-7"
  ],
  [
    new Errors.ValueRefused({ ...waiting, at: "$.by", reason: "is missing" }),
    "what was sent to phase approve of execution order-7 does not fit at $.by: is missing. Nothing changed: send a value that fits."
  ],
  [
    new Errors.RequiresTask({ ...waiting, task: "order" }),
    "the answer to phase approve of execution order-7 can be checked by the code of task order alone: complete it where the task's layer (task.layer) is provided"
  ],
  [
    new Errors.CheckpointNotReached({ execution, checkpoint: "paid", status: "Completed" }),
    "execution order-7 is Completed, and has not come to checkpoint paid: see its status"
  ],
  [
    new Errors.CheckpointRefused({
      execution,
      checkpoint: "paid",
      reason: "unknown",
      message: "execution order-7 cannot go to checkpoint paid: no such checkpoint stands: it has come to none"
    }),
    "execution order-7 cannot go to checkpoint paid: no such checkpoint stands: it has come to none"
  ],
  [
    new Errors.TaskConflict({ task: "order", version: 2 }),
    "there are two tasks called order of version 2 in this engine: give the later one a higher version, or another name"
  ],
  [
    new Errors.PlanOutdated({ execution, verb: "close", plan: "0123456789abcdef" }),
    "execution order-7 has moved since this close was planned: look at the new plan, 0123456789abcdef, and confirm that"
  ],
  [
    new Errors.RequirementsMissing({
      execution,
      verb: "skip",
      missing: [
        {
          needs: "value",
          path: "ship",
          schema: { type: "string" },
          message: "phase ship answers something: give its value"
        },
        { needs: "task", task: "order", message: "task order is not here" }
      ]
    }),
    "skip of execution order-7 lacks something: phase ship answers something: give its value; task order is not here"
  ],
  [
    new Errors.ExecutionEnded({ execution, status: "Completed" }),
    "execution order-7 is Completed: no phase of it will take the signal. Send it to an execution that goes on."
  ]
]

describe("an error", () => {
  for (const [error, message] of messages) {
    it(`says what happened: ${error.name}`, () => {
      assert.strictEqual(error.message, message)
      assert.include(String(error), message)
    })
  }

  it("comes back from JSON as it was", () => {
    for (const [error] of messages) {
      if (error instanceof Errors.BrokenHistory) continue
      const schema = error.constructor as unknown as Schema.Schema<Error, unknown>
      const back = Schema.decodeUnknownSync(schema)(JSON.parse(JSON.stringify(Schema.encodeSync(schema)(error))))
      assert.strictEqual(back.name, error.name)
      assert.strictEqual(back.message, error.message)
    }
  })

  it("has a row here", () => {
    const shown = new Set<unknown>(messages.map(([error]) => error.constructor))
    for (const [name, value] of Object.entries(Errors)) {
      const isError = typeof value === "function" && value.prototype instanceof Error
      if (isError) assert.isTrue(shown.has(value), name)
    }
  })
})
