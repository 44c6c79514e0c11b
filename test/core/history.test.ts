import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import type { Entry, Recorded } from "../../src/core/Entry.js"
import { BrokenHistory } from "../../src/core/Errors.js"
import type { Failure } from "../../src/core/Failure.js"
import * as Fold from "../../src/core/Fold.js"
import * as History from "../../src/core/History.js"
import { captured, type PhaseRecord } from "../../src/core/PhaseRecord.js"
import {
  claimed,
  crashed,
  created,
  died,
  done,
  fail,
  failed,
  fault,
  Journal,
  running,
  start,
  succeed,
  timedOut
} from "../support/journal.js"
import "../support/seeded.js"

const act = { by: "ann", reason: "why not" }
const resumed: Entry = { _tag: "Resumed", act }
const revertResumed: Entry = { _tag: "RevertResumed", act }
const paused: Entry = { _tag: "Paused" }
const closing: Entry = { _tag: "Closing", position: "a", revert: false, act }
const cleanedUp: Entry = { _tag: "CleanedUp" }
const reverted: Entry = { _tag: "Reverted" }
const completed: Entry = { _tag: "Completed", value: 1 }
const stop = (...failures: readonly [Failure, ...ReadonlyArray<Failure>]): Entry => ({ _tag: "Failed", failures })
const revertStarted = (n = 1, failures: ReadonlyArray<Failure> = []): Entry => ({
  _tag: "RevertStarted",
  n,
  failures,
  act
})
const revertFailed = (path = "revert#1/undo/a"): Entry => ({ _tag: "RevertFailed", failures: [failed(path)] })
const interrupted = (path: string): Entry => ({ _tag: "PhaseInterrupted", path, attempt: 1 })
const attempt = (path: string, n: number): Entry => ({ _tag: "AttemptStarted", path, attempt: n })
const attemptFailed = (path: string, n: number, failure: Failure = failed(path)): Entry => ({
  _tag: "AttemptFailed",
  path,
  attempt: n,
  failure,
  delay: 100
})
const undo = (path: string, n = 1): ReadonlyArray<Entry> => {
  const own = `revert#${n}/undo/${path}`
  return [start(own, { name: path, kind: "undo", scope: `revert#${n}`, undoes: path }), succeed(own)]
}

const decided = (path: string): Entry => ({
  _tag: "Decided",
  path,
  attempt: 1,
  failures: [failed(path)],
  decision: "again"
})
const rewound: Entry = { _tag: "Rewound", to: "g" }

const paths = (records: ReadonlyArray<PhaseRecord>): ReadonlyArray<string> => records.map(({ path }) => path)
const phase = ({ history }: Journal, path: string): PhaseRecord => {
  const record = history.phases.get(path)
  assert.isDefined(record)
  return record
}

describe("the status follows from the entries", () => {
  const lives: ReadonlyArray<readonly [life: string, entries: ReadonlyArray<Entry>, statuses: string]> = [
    ["completes", [created, claimed, ...done("a"), completed], "Pending Running Running Running Completed"],
    [
      "fails and is resumed",
      [created, claimed, start("a"), fail("a"), stop(failed("a")), resumed],
      "Pending Running Running Running Failed Running"
    ],
    [
      "is paused and resumed",
      [created, claimed, { _tag: "PauseRequested", act }, paused, resumed],
      "Pending Running Running Paused Running"
    ],
    ["is handed back and taken", [created, claimed, { _tag: "Suspended" }, claimed], "Pending Running Pending Running"],
    [
      "is closed",
      [created, claimed, start("a"), interrupted("a"), closing, cleanedUp, { _tag: "Closed" }],
      "Pending Running Running Running Closing Closing Closed"
    ],
    ["is closed before it began", [created, { _tag: "Closed" }], "Pending Closed"],
    [
      "is reverted",
      [created, claimed, ...done("a"), revertStarted(), ...undo("a"), reverted],
      "Pending Running Running Running Reverting Reverting Reverting Reverted"
    ],
    [
      "is reverted after it completed",
      [created, claimed, completed, claimed, revertStarted(), reverted],
      "Pending Running Completed Completed Reverting Reverted"
    ],
    [
      "stops in its revert and goes on",
      [
        created,
        claimed,
        ...done("a"),
        revertStarted(),
        revertFailed(),
        revertResumed,
        { _tag: "Suspended" },
        claimed,
        reverted
      ],
      "Pending Running Running Running Reverting RevertFailed Reverting Reverting Reverting Reverted"
    ],
    [
      "goes on closing where closing failed",
      [created, claimed, start("a"), closing, stop(fault("close/b")), resumed],
      "Pending Running Running Closing Failed Closing"
    ]
  ]

  for (const [life, entries, statuses] of lives) {
    it(`of an execution that ${life}`, () => {
      const journal = new Journal()
      const seen = entries.map((entry) => journal.add(entry).history.status)
      assert.strictEqual(seen.join(" "), statuses)
      assert.deepStrictEqual(journal.loaded, journal.history)
    })
  }

  it("keeps what was given, who holds it, and when it happened", () => {
    const journal = new Journal().add({ _tag: "Created", task: "order", version: 3, payload: { sku: "tea" } })
    assert.isUndefined(journal.history.startedAt)
    journal.add(claimed, ...done("a", 7), completed)
    const { history } = journal
    assert.deepInclude(history, {
      task: "order",
      version: 3,
      payload: { sku: "tea" },
      result: 1,
      owner: "engine",
      epoch: 1,
      position: "a",
      held: false,
      createdAt: 0,
      startedAt: 1,
      updatedAt: 4,
      endedAt: 4,
      entries: 5
    })
    journal.add(claimed, revertStarted())
    assert.isUndefined(history.endedAt)
    assert.isTrue(history.held)
    assert.strictEqual(history.startedAt, 1)
  })

  it("was updated when its status moved last", () => {
    const journal = new Journal().add(created, claimed, start("a"), fail("a"), stop(failed("a")))
    assert.strictEqual(journal.history.updatedAt, 4)
    journal.add(stop(fault("a")))
    assert.strictEqual(journal.history.updatedAt, 4)
  })

  it("knows a pause until the execution is let go on", () => {
    const journal = running().add({ _tag: "PauseRequested", act }, paused)
    assert.isTrue(journal.history.pauseRequested)
    assert.isFalse(journal.history.held)
    assert.isFalse(journal.add(claimed, resumed).history.pauseRequested)
    journal.add({ _tag: "PauseRequested", act }, start("a"), fail("a"), stop(failed("a")), revertStarted())
    assert.isFalse(journal.history.pauseRequested)
  })

  it("keeps what the clean-up did wrong", () => {
    const error = { name: "Error", message: "no" }
    const { history } = running().add(start("a"), closing, { _tag: "CleanedUp", error })
    assert.deepInclude(history.cleanedUp, { error })
    assert.deepInclude(history.closing, { position: "a", revert: false })
  })
})

const isBroken = (entries: ReadonlyArray<Entry>): boolean => {
  try {
    new Journal().add(...entries)
    return false
  } catch (thrown) {
    assert.instanceOf(thrown, BrokenHistory)
    return true
  }
}

describe("a journal is refused as broken", () => {
  const broken: ReadonlyArray<readonly [mistake: string, entries: ReadonlyArray<Entry>, at: number]> = [
    ["without its first entry", [claimed], 0],
    ["created twice", [created, created], 1],
    ["whose phase starts twice", [created, claimed, start("a"), start("a")], 3],
    ["whose phase ends before it starts", [created, claimed, succeed("a")], 2],
    ["whose phase ends twice", [created, claimed, ...done("a"), succeed("a")], 4],
    ["whose phase fails after it happened", [created, claimed, ...done("a"), fail("a")], 4],
    [
      "whose phase is tried again after it failed for good",
      [created, claimed, start("a"), fail("a"), attempt("a", 2)],
      4
    ],
    ["whose phase is interrupted after it happened", [created, claimed, ...done("a"), interrupted("a")], 4],
    ["whose phase starts before anybody took it", [created, start("a")], 1],
    ["whose phase starts after its end", [created, claimed, completed, start("a")], 3],
    ["whose phase starts after it was handed back", [created, claimed, { _tag: "Suspended" }, start("a")], 3],
    ["that completes before it runs", [created, completed], 1],
    ["that is completed and resumed", [created, claimed, completed, resumed], 3],
    ["that goes on after it was reverted", [created, claimed, revertStarted(), reverted, resumed], 4],
    ["that completes in its revert", [created, claimed, revertStarted(), completed], 3],
    ["whose reverts are miscounted", [created, claimed, revertStarted(2)], 2],
    ["that is reverted before it reverts", [created, claimed, reverted], 2],
    ["that is closed while it runs", [created, claimed, { _tag: "Closed" }], 2],
    ["that decides about a phase that is no group", [created, claimed, start("a"), decided("a")], 3],
    ["whose group begins anew before that was decided", [created, claimed, start("g", { kind: "group" }), rewound], 3]
  ]

  for (const [mistake, entries, at] of broken) {
    it(mistake, () => {
      const journal = new Journal().add(...entries.slice(0, at))
      const error = (() => {
        try {
          journal.add(entries[at]!)
          return undefined
        } catch (thrown) {
          return thrown
        }
      })()
      assert.instanceOf(error, BrokenHistory)
      assert.strictEqual(error.seq, at)
      assert.include(error.message, `entry ${at}: ${error.reason}`)
    })
  }

  it("whose epoch goes back", () => {
    const entries: ReadonlyArray<Recorded> = [
      { seq: 0, at: 0, epoch: 1, entry: created },
      { seq: 1, at: 1, epoch: 3, entry: claimed },
      { seq: 2, at: 2, epoch: 2, entry: start("a") }
    ]
    assert.strictEqual(Fold.all(entries.slice(0, 2)).epoch, 3)
    assert.throws(() => Fold.all(entries), BrokenHistory, "epoch 2 is older than 3")
  })

  it.prop(
    "or folds to the same whether it grows or is loaded",
    {
      choices: FastCheck.array(FastCheck.nat(), { maxLength: 40 })
    },
    ({ choices }) => {
      const journal = new Journal().add(created)
      for (const choice of choices) {
        const path = `p${choice % 3}`
        const candidates: ReadonlyArray<Entry> = [
          claimed,
          crashed,
          start(path),
          succeed(path, choice),
          fail(path),
          fail(path, timedOut(path)),
          attempt(path, choice),
          attemptFailed(path, choice),
          interrupted(path),
          { _tag: "PauseRequested", act },
          paused,
          { _tag: "Suspended" },
          resumed,
          completed,
          stop(failed(path)),
          closing,
          cleanedUp,
          { _tag: "Closed" },
          revertStarted(),
          revertFailed(),
          revertResumed,
          reverted
        ]
        const entry = candidates[choice % candidates.length]!
        if (!isBroken([...journal.entries.map((recorded) => recorded.entry), entry])) journal.add(entry)
      }
      assert.deepStrictEqual(journal.loaded, journal.history)
    },
    { fastCheck: { numRuns: 200 } }
  )
})

describe("a phase", () => {
  it("keeps its place, its kind and its outcome", () => {
    const journal = running().add(start("a", { generation: 2, kind: "either" }), succeed("a", { id: 1 }))
    assert.deepInclude(phase(journal, "a"), {
      path: "a",
      name: "a",
      kind: "either",
      scope: "",
      generation: 2,
      commit: false,
      state: "succeeded",
      attempt: 1,
      startedAt: 2,
      endedAt: 3,
      value: { id: 1 }
    })
  })

  it("stands in its scope in the order in which it was yielded", () => {
    const journal = running().add(...done("b"), ...done("a"), start("close/c", { scope: "close" }))
    assert.deepStrictEqual(paths(journal.history.scopes.get("") ?? []), ["b", "a"])
    assert.deepStrictEqual(paths(journal.history.scopes.get("close") ?? []), ["close/c"])
    assert.strictEqual(journal.history.position, "close/c")
  })

  it("is tried again after a failed attempt, which stays known", () => {
    const journal = running().add(start("a"), attemptFailed("a", 1))
    assert.deepInclude(phase(journal, "a"), {
      state: "delayed",
      attempts: [{ attempt: 1, at: 3, failure: failed("a"), delay: 100 }]
    })
    journal.add(attempt("a", 2))
    assert.deepInclude(phase(journal, "a"), { state: "running", attempt: 2 })
    assert.lengthOf(phase(journal, "a").attempts, 1)
  })

  it("gets a new round of attempts when an operator lets it go on", () => {
    const journal = running().add(start("a"), attemptFailed("a", 1), attempt("a", 2), fail("a"), stop(failed("a")))
    assert.deepStrictEqual(journal.history.failures, [failed("a")])
    journal.add(claimed, resumed)
    assert.deepInclude(phase(journal, "a"), { state: "reopened", round: 1, attempts: [] })
    assert.deepStrictEqual(journal.history.failures, [])
    journal.add(attempt("a", 3), succeed("a"))
    assert.deepInclude(phase(journal, "a"), { state: "succeeded", attempt: 3 })
  })

  it("that failed as a value stays as it is", () => {
    for (const failure of [failed("a"), timedOut("a")]) {
      const journal = running().add(start("a", { kind: "either" }), fail("a", failure), paused, claimed, resumed)
      assert.deepInclude(phase(journal, "a"), { state: "failed", round: 0 })
    }
  })

  it("fails as a value only where its kind takes that failure", () => {
    const failures: ReadonlyArray<Failure> = [
      failed("a"),
      timedOut("a"),
      died("a"),
      fault("a"),
      { _tag: "TaskDefect", path: "a", defect: { name: "Error", message: "no" } }
    ]
    const table = {
      phase: ".....",
      either: "xx...",
      exit: "xxx.x",
      checkpoint: ".....",
      fail: ".....",
      undo: "....."
    } as const
    for (const [kind, row] of Object.entries(table)) {
      const taken = failures.map((failure) => {
        const journal = running().add(start("a", { kind: kind as keyof typeof table }), fail("a", failure))
        return captured(phase(journal, "a"))?.[0] === failure ? "x" : "."
      })
      assert.strictEqual(taken.join(""), row, kind)
    }
    assert.isUndefined(captured(phase(running().add(start("a", { kind: "exit" })), "a")))
  })
})

describe("a group that is tried again", () => {
  it("is rewinding until it begins anew: what it did is not seen any more", () => {
    const journal = running().add(start("g", { kind: "group" }), ...done("b"))
    journal.add(start("g/f", { kind: "all", scope: "g" }), start("g/f/a", { scope: "g/f" }), succeed("g/f/a"))
    const { history } = journal
    const [inner, outer] = [phase(journal, "g/f/a"), phase(journal, "b")]
    assert.isFalse(History.isRewinding(history, inner))
    journal.add(decided("g"))
    assert.isTrue(History.isRewinding(history, inner))
    assert.isFalse(History.isRewinding(history, outer))
    journal.add(rewound)
    assert.isTrue(inner.superseded)
    assert.deepStrictEqual(paths([...history.phases.values()]), ["g", "b"])
    assert.deepStrictEqual(paths(History.revertible(history)), ["b"])
  })
})

describe("doubt", () => {
  const doubted = (journal: Journal): ReadonlyArray<string> => paths(History.inDoubt(journal.history))

  it("is about a phase whose engine died or that was interrupted", () => {
    assert.deepStrictEqual(doubted(running().add(start("a"), crashed)), ["a"])
    assert.deepStrictEqual(doubted(running().add(start("a"), interrupted("a"))), ["a"])
    assert.deepStrictEqual(doubted(running().add(start("a"))), ["a"])
    assert.strictEqual(phase(running().add(start("a"), crashed), "a").state, "doubt")
    assert.deepStrictEqual(doubted(running().add(...done("a"), crashed)), [])
    assert.deepStrictEqual(doubted(running()), [])
  })

  it("is not about a retry that was only waiting", () => {
    const journal = running().add(start("a"), attemptFailed("a", 1), crashed)
    assert.strictEqual(phase(journal, "a").state, "delayed")
    assert.deepStrictEqual(doubted(journal), [])
    assert.deepStrictEqual(doubted(running().add(start("a"), attemptFailed("a", 1, timedOut("a")), crashed)), ["a"])
  })

  it("remains after a timeout, an unrecordable result, and a defect that followed doubt; not after a typed failure", () => {
    const doubtsOf = (failure: Failure): ReadonlyArray<string> => doubted(running().add(start("a"), fail("a", failure)))
    assert.deepStrictEqual(doubtsOf(timedOut("a")), ["a"])
    assert.deepStrictEqual(doubtsOf(fault("a")), ["a"])
    assert.deepStrictEqual(doubtsOf(failed("a")), [])
    assert.deepStrictEqual(doubtsOf(died("a")), [])
    const again = (failure: Failure): ReadonlyArray<string> =>
      doubted(running().add(start("a"), crashed, attempt("a", 2), fail("a", failure)))
    assert.deepStrictEqual(again(died("a")), ["a"])
    assert.deepStrictEqual(again(failed("a")), [])
  })

  it("ends when the phase happens, or when an operator has it run again", () => {
    const journal = running().add(start("a"), crashed, stop(fault("a")), claimed)
    assert.deepStrictEqual(doubted(new Journal().add(...journal.entries.map(({ entry }) => entry), resumed)), ["a"])
    assert.deepStrictEqual(
      doubted(new Journal().add(...journal.entries.map(({ entry }) => entry), { ...resumed, rerun: true } as Entry)),
      []
    )
    assert.deepStrictEqual(doubted(journal.add(resumed, succeed("a"))), [])
  })

  it("remains about a timeout that was a value to the body, unless that lies behind a commit", () => {
    const journal = running().add(
      start("a", { kind: "either" }),
      fail("a", timedOut("a")),
      ...done("b"),
      start("c"),
      crashed
    )
    assert.deepStrictEqual(doubted(journal), ["c", "a"])
    journal.add(succeed("c"), start("mark", { kind: "checkpoint", commit: true }), succeed("mark"))
    assert.deepStrictEqual(doubted(journal), [])
  })

  it("is about the body only", () => {
    const journal = running().add(
      ...done("a"),
      revertStarted(),
      start("revert#1/undo/a", { kind: "undo", scope: "revert#1", undoes: "a" }),
      crashed
    )
    assert.deepStrictEqual(doubted(journal), [])
  })
})

describe("what a revert undoes", () => {
  const mark = (path: string, commit: boolean): ReadonlyArray<Entry> => [
    start(path, { kind: "checkpoint", ...(commit ? { commit } : {}) }),
    succeed(path)
  ]

  it("is what happened, newest first, in the order in which it ended", () => {
    const journal = running().add(start("a"), start("b"), succeed("b"), succeed("a"), start("c"), fail("c"))
    assert.deepStrictEqual(paths(History.revertible(journal.history)), ["a", "b"])
  })

  it("is neither a checkpoint nor a failure that was a value", () => {
    const journal = running().add(
      ...done("a"),
      ...mark("m", false),
      start("b", { kind: "either" }),
      fail("b"),
      ...done("c")
    )
    assert.deepStrictEqual(paths(History.revertible(journal.history)), ["c", "a"])
  })

  it("ends at the last commit", () => {
    const journal = running().add(...done("a"), ...mark("m", true), ...done("b"), ...mark("n", false), ...done("c"))
    assert.deepStrictEqual(paths(History.revertible(journal.history)), ["c", "b"])
    assert.deepStrictEqual(paths(History.revertible(journal.add(...mark("o", true)).history)), [])
  })

  it("is fixed when the revert begins, and nothing of it is undone twice", () => {
    const journal = running().add(...done("a"), ...done("b"), start("c"), fail("c"), revertStarted(1, [failed("c")]))
    const revert = History.revertOf(journal.history)
    assert.deepStrictEqual(paths(revert?.completed ?? []), ["b", "a"])
    assert.deepStrictEqual(revert?.failures, [failed("c")])
    journal.add(...undo("b"))
    assert.strictEqual(phase(journal, "b").undone?.path, "revert#1/undo/b")
    assert.isUndefined(phase(journal, "a").undone)
    assert.deepStrictEqual(paths(revert?.completed ?? []), ["b", "a"])
    assert.deepStrictEqual(paths(History.revertible(journal.history)), ["a"])
    assert.deepStrictEqual(paths(journal.history.completed), ["a", "b"])
  })

  it("has nothing to do with the undo of a phase that nobody knows", () => {
    const journal = running().add(revertStarted(), ...undo("x"))
    assert.isFalse(journal.history.phases.has("x"))
  })

  it("counts reverts, and tells which is the last", () => {
    assert.isUndefined(History.revertOf(running().history))
    assert.strictEqual(History.revertOf(running().add(revertStarted()).history)?.n, 1)
  })
})

describe("a revert that stopped", () => {
  const stopped = (): Journal =>
    running().add(
      ...done("a"),
      start("b"),
      fail("b", timedOut("b")),
      revertStarted(1, [timedOut("b")]),
      start("revert#1/undo/a", { name: "a", kind: "undo", scope: "revert#1", undoes: "a" }),
      fail("revert#1/undo/a"),
      revertFailed()
    )

  it("goes on at its undo, and remembers what led to it", () => {
    const journal = stopped()
    assert.deepStrictEqual(journal.history.failures, [failed("revert#1/undo/a")])
    journal.add(claimed, revertResumed)
    assert.strictEqual(phase(journal, "revert#1/undo/a").state, "reopened")
    assert.deepStrictEqual(journal.history.failures, [timedOut("b")])
  })

  it("leaves the body as it was found, its doubts too", () => {
    const journal = stopped().add(claimed, { _tag: "RevertResumed", act, rerun: true })
    assert.deepInclude(phase(journal, "b"), { state: "failed", inDoubt: true, round: 0 })
    assert.deepStrictEqual(paths(History.inDoubt(journal.history)), ["b"])
  })
})

describe("the poison count", () => {
  const crashes = (...entries: ReadonlyArray<Entry>): number =>
    running().add(start("a"), crashed, attempt("a", 2), crashed, ...entries).history.crashes

  it("counts crashes in a row", () => {
    assert.strictEqual(crashes(), 2)
    assert.strictEqual(crashes(claimed), 2)
    assert.strictEqual(crashes(attempt("a", 3), crashed), 3)
  })

  it("starts anew with every outcome", () => {
    for (const entry of [succeed("a"), fail("a"), attemptFailed("a", 2)])
      assert.strictEqual(crashes(entry), 0, entry._tag)
    assert.strictEqual(crashes(closing, crashed, cleanedUp), 0)
  })

  it("starts anew when an operator decides", () => {
    assert.strictEqual(crashes(stop(fault("a")), claimed, resumed), 0)
    assert.strictEqual(crashes(closing), 0)
    assert.strictEqual(crashes(stop(fault("a")), claimed, revertStarted()), 0)
    assert.strictEqual(crashes(revertStarted(), crashed, revertFailed(), claimed, revertResumed), 0)
  })
})
