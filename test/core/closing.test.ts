import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import * as Task from "../../src/authoring/Task.js"
import { maxCleanup } from "../../src/core/Body.js"
import type { Entry } from "../../src/core/Entry.js"
import type { Step } from "../../src/core/Step.js"
import { blockedAt, cursorOf, one } from "../support/cursors.js"
import { drive, fail, failed, type Journal, running, settle, start, succeed } from "../support/journal.js"

const closing = { _tag: "Closing", position: "", revert: false, act: {} } as const

describe("closing", () => {
  /** Closes the body where its journal ends; every phase of its clean-up happens. */
  const closed = (body: () => unknown, journal: Journal): Step => {
    const cursor = cursorOf(body)
    if (journal.history.closing === undefined) journal.add(closing)
    cursor.close()
    return drive(cursor, journal)
  }
  const at = (...paths: ReadonlyArray<string>): Journal => {
    const journal = running()
    for (const path of paths.slice(0, -1)) journal.add(start(path), succeed(path))
    return paths.length === 0 ? journal : journal.add(start(paths[paths.length - 1]!))
  }

  it("does nothing if no phase was started", () => {
    let ran = false
    const body = function* () {
      try {
        yield* one("a")
      } finally {
        ran = true
        yield* one("b")
      }
    }
    const live = cursorOf(body)
    const journal = running()
    live.advance(journal.history)
    live.close()
    assert.deepStrictEqual(live.advance(journal.history), { _tag: "Closed", error: undefined })
    assert.deepStrictEqual(closed(body, running()), { _tag: "Closed", error: undefined })
    assert.isFalse(ran)
  })

  it("goes on to where the history ends, whatever the cursor has seen of it", () => {
    const body = function* () {
      yield* one("a")
      try {
        yield* one("b")
      } finally {
        yield* one("after a")
      }
    }
    const between = (see: boolean): ReadonlyArray<string> => {
      const journal = running()
      const cursor = cursorOf(body)
      settle(journal, (cursor.advance(journal.history) as Extract<Step, { _tag: "Blocked" }>).instructions[0]!, {})
      if (see) cursor.advance(journal.history)
      cursor.close()
      assert.strictEqual(drive(cursor, journal)._tag, "Closed")
      return [...journal.history.phases.keys()]
    }
    assert.deepStrictEqual(between(true), ["a", "close/after a"])
    assert.deepStrictEqual(between(false), ["a", "close/after a"])
  })

  it("runs the phases of every finally, innermost first, in a scope of their own", () => {
    const journal = at("a", "b")
    const step = closed(function* () {
      try {
        yield* one("a")
        try {
          yield* one("b")
        } finally {
          yield* one("a")
          yield* one("a")
        }
      } finally {
        yield* one("b")
      }
    }, journal)
    assert.deepStrictEqual(step, { _tag: "Closed", error: undefined })
    assert.deepStrictEqual([...journal.history.phases.keys()], ["a", "b", "close/a", "close/a#2", "close/b"])
  })

  it("is done once, however often it is asked for", () => {
    const journal = at("a")
    const cursor = cursorOf(function* () {
      try {
        yield* one("a")
      } finally {
        yield* one("c")
        yield* one("d")
      }
    })
    cursor.close()
    cursor.close()
    settle(journal, (cursor.advance(journal.history) as Extract<Step, { _tag: "Blocked" }>).instructions[0]!, {})
    cursor.close()
    assert.strictEqual(blockedAt(cursor.advance(journal.history)), "close/d")
    assert.strictEqual(drive(cursor, journal)._tag, "Closed")
    cursor.close()
    assert.strictEqual(cursor.advance(journal.history)._tag, "Closed")
  })

  it("has nothing to clean up after a body that ended", () => {
    const returned = at("a").add(succeed("a"))
    assert.deepStrictEqual(
      closed(function* () {
        yield* one("a")
      }, returned),
      { _tag: "Closed", error: undefined }
    )
    const threw = closed(function* () {
      yield* one("a")
      throw new Error("bug")
    }, returned)
    assert.deepStrictEqual(threw, { _tag: "Closed", error: undefined })
  })

  it("cleans up after a phase that failed, and after a stranger", () => {
    const journal = at("a").add(fail("a"))
    closed(function* () {
      try {
        yield* one("a")
      } finally {
        yield* one("b")
      }
    }, journal)
    assert.isTrue(journal.history.phases.has("close/b"))
    const strange = at("a").add(succeed("a"))
    closed(function* () {
      try {
        yield* one("a")
        yield 1
      } finally {
        yield* one("b")
      }
    }, strange)
    assert.isTrue(strange.history.phases.has("close/b"))
  })

  it("leaves a finally whose phase failed, and goes on with the ones around it", () => {
    const journal = at("a")
    const cursor = cursorOf(function* () {
      try {
        try {
          yield* one("a")
        } finally {
          yield* one("b")
          yield* one("never")
        }
      } finally {
        yield* one("c")
      }
    })
    cursor.close()
    const step = drive(cursor, journal, ({ name, path }) => (name === "b" ? { failure: failed(path) } : {}))
    assert.strictEqual(step._tag, "Closed")
    assert.deepStrictEqual([...journal.history.phases.keys()], ["a", "close/b", "close/c"])
  })

  it("knows which child was called in a finally that failed", () => {
    const journal = at("a")
    const kid = Task.make("kid", {
      *run() {
        yield* one("b")
      }
    })
    const cursor = cursorOf(function* () {
      try {
        try {
          yield* one("a")
        } finally {
          yield* kid.phase({})
        }
      } finally {
        yield* one("b")
      }
    })
    cursor.close()
    const step = drive(cursor, journal, ({ path }) => ({ failure: failed(path) }))
    assert.strictEqual(step._tag, "Closed")
    assert.strictEqual(cursor.standing("close/kid")?.kind, "child")
    assert.isUndefined(cursor.standing("close/b"))
  })

  it("cannot be caught, retried or swallowed", () => {
    const swallowing: ReadonlyArray<() => Generator<unknown>> = [
      function* () {
        try {
          yield* one("a")
        } catch {
          yield* one("no")
        }
      },
      function* () {
        for (;;) {
          try {
            yield* one("a")
          } catch {}
        }
      },
      function* () {
        try {
          try {
            yield* one("a")
          } catch {
            yield* one("no")
          }
        } catch {
          yield* one("no")
        }
      },
      function* () {
        try {
          yield* one("a")
        } catch {
        } finally {
        }
      },
      function* () {
        try {
          yield* one("a")
          yield* one("no")
        } catch {
          return
        }
      },
      function* () {
        yield* (function* () {
          try {
            yield* one("a")
          } catch {
            yield* one("no")
          }
        })()
        yield* one("no")
      }
    ]
    for (const body of swallowing) {
      const journal = at("a")
      assert.deepStrictEqual(closed(body, journal), { _tag: "Closed", error: undefined })
      assert.deepStrictEqual([...journal.history.phases.keys()], ["a"])
    }
  })

  const toss = (thrown: unknown): never => {
    throw thrown
  }
  const boom = (): never => toss(new Error("boom"))
  const throwing: ReadonlyArray<
    readonly [shape: string, body: () => Generator<unknown>, cleanup: ReadonlyArray<string>, message: string]
  > = [
    [
      "throws at once",
      function* () {
        try {
          yield* one("a")
        } finally {
          boom()
        }
      },
      [],
      "boom"
    ],
    [
      "throws after a phase",
      function* () {
        try {
          yield* one("a")
        } finally {
          yield* one("b")
          boom()
        }
      },
      ["close/b"],
      "boom"
    ],
    [
      "throws inside, with a phase around it",
      function* () {
        try {
          try {
            yield* one("a")
          } finally {
            boom()
          }
        } finally {
          yield* one("b")
        }
      },
      ["close/b"],
      "boom"
    ],
    [
      "throws around a phase",
      function* () {
        try {
          try {
            yield* one("a")
          } finally {
            yield* one("b")
          }
        } finally {
          boom()
        }
      },
      ["close/b"],
      "boom"
    ],
    [
      "throws twice: the last counts",
      function* () {
        try {
          try {
            yield* one("a")
          } finally {
            toss(new Error("first"))
          }
        } finally {
          boom()
        }
      },
      [],
      "boom"
    ],
    [
      "throws and catches",
      function* () {
        try {
          yield* one("a")
        } finally {
          try {
            boom()
          } catch {
            yield* one("b")
          }
        }
      },
      ["close/b"],
      ""
    ],
    [
      "throws inside and is caught outside",
      function* () {
        try {
          try {
            yield* one("a")
          } finally {
            boom()
          }
        } catch {
          yield* one("b")
        }
      },
      ["close/b"],
      ""
    ],
    [
      "throws and is overruled by a return",
      function* () {
        try {
          try {
            yield* one("a")
          } finally {
            boom()
          }
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: that is what this shape is about
          return 1
        }
      },
      [],
      ""
    ],
    [
      "throws in a nested generator",
      function* () {
        yield* (function* () {
          try {
            yield* one("a")
          } finally {
            boom()
          }
        })()
      },
      [],
      "boom"
    ],
    [
      "throws around a nested generator",
      function* () {
        try {
          yield* (function* () {
            yield* one("a")
          })()
        } finally {
          boom()
        }
      },
      [],
      "boom"
    ],
    [
      "throws no Error",
      function* () {
        try {
          yield* one("a")
        } finally {
          toss("boom")
        }
      },
      [],
      "boom"
    ],
    [
      "throws what cannot be read",
      function* () {
        try {
          yield* one("a")
        } finally {
          toss({
            get message(): string {
              return boom()
            },
            toString: boom
          })
        }
      },
      [],
      "[object Object]"
    ]
  ]
  for (const [shape, body, cleanup, message] of throwing) {
    it(`keeps what a finally threw: one that ${shape}`, () => {
      const journal = at("a")
      const step = closed(body, journal)
      assert.strictEqual(step._tag, "Closed")
      assert.strictEqual(step._tag === "Closed" ? (step.error?.message ?? "") : "", message)
      assert.deepStrictEqual([...journal.history.phases.keys()].slice(1), cleanup)
    })
  }

  it("goes on after a stranger in a finally, and keeps that it was there", () => {
    const journal = at("a")
    const step = closed(function* () {
      try {
        try {
          yield* one("a")
        } finally {
          yield Promise.resolve()
          yield* one("never")
        }
      } finally {
        yield* one("b")
      }
    }, journal)
    assert.deepInclude(step._tag === "Closed" ? step.error : {}, { name: "StrangeYield" })
    assert.deepStrictEqual([...journal.history.phases.keys()], ["a", "close/b"])
  })

  it("gives up on a generator that will not end", () => {
    const stubborn: ReadonlyArray<() => Generator<unknown>> = [
      function* () {
        for (;;) {
          try {
            yield* one("a")
          } finally {
            // biome-ignore lint: it takes the return back
            continue
          }
        }
      },
      function* () {
        try {
          yield* one("a")
        } finally {
          for (;;) yield* one("b")
        }
      },
      function* () {
        for (;;) {
          try {
            yield* one("a")
          } finally {
            try {
              yield 1
            } finally {
              // biome-ignore lint: it takes the return back
              continue
            }
          }
        }
      }
    ]
    for (const body of stubborn) {
      const journal = at("a")
      const cursor = cursorOf(body)
      cursor.close()
      const step = drive(cursor, journal)
      assert.strictEqual(step._tag === "Closed" ? step.error?.name : step._tag, "GeneratorUnclosable")
      assert.strictEqual(cursor.advance(journal.history), step)
      assert.isAtMost(journal.history.phases.size, 101)
    }
  })

  it("lets a clean-up of 100 phases through", () => {
    const journal = at("a")
    const step = closed(function* () {
      try {
        yield* one("a")
      } finally {
        for (let index = 0; index < maxCleanup; index++) yield* one("b")
      }
    }, journal)
    assert.strictEqual(step._tag, "Closed")
  })

  it("leaves the generators around a finally that yields, too: nothing runs that follows them", () => {
    function* inner(): Generator<unknown> {
      try {
        yield* one("a")
      } finally {
        yield* one("inner")
      }
    }
    const journal = at("a")
    const step = closed(function* () {
      try {
        yield* inner()
        yield* one("never")
      } finally {
        yield* one("outer")
      }
      yield* one("never")
    }, journal)
    assert.strictEqual(step._tag, "Closed")
    assert.deepStrictEqual([...journal.history.phases.keys()], ["a", "close/inner", "close/outer"])
  })

  it("finds out that the kind of a clean-up changed", () => {
    const cleanUp = (phase: Iterable<unknown, unknown>) =>
      function* () {
        try {
          yield* one("a")
        } finally {
          yield* phase
        }
      }
    const journal = at("a")
    closed(cleanUp(one("b")), journal)
    const step = closed(cleanUp(Phase.either(one("b"))), journal)
    assert.deepInclude(step._tag === "Mismatch" ? step.found : {}, { path: "close/b", kind: "either" })
  })

  it("stops at a recorded value of its clean-up that does not decode any more", () => {
    const cleanUp = (phase: Iterable<unknown, unknown>) =>
      function* () {
        try {
          yield* one("a")
        } finally {
          yield* phase
          yield* one("c")
        }
      }
    const journal = at("a")
    closed(cleanUp(one("b")), journal)
    const step = closed(cleanUp(Phase.make("b", { run: Effect.succeed(1), success: Schema.Number })), journal)
    assert.strictEqual(step._tag === "Undecodable" ? step.placed.path : step._tag, "close/b")
  })

  it("passes on what the phases of its clean-up say of undoing them", () => {
    const body = function* () {
      try {
        yield* one("a")
      } finally {
        yield* Phase.make("b", Effect.void, { undo: () => Effect.void })
        yield* one("c")
      }
    }
    const journal = at("a")
    for (const cursor of [cursorOf(body), cursorOf(body)]) {
      cursor.close()
      assert.strictEqual(drive(cursor, journal)._tag, "Closed")
      assert.isDefined(cursor.runAt("close/b"))
      for (const path of ["a", "close/c"]) assert.isUndefined(cursor.runAt(path))
    }
  })

  it("ends where a body cannot be brought back to where it was closed", () => {
    const changed: ReadonlyArray<readonly [again: () => unknown, error: string | undefined]> = [
      [() => null, undefined],
      [
        () => {
          throw new Error("boom")
        },
        "boom"
      ]
    ]
    for (const [again, error] of changed) {
      let made = 0
      function* body(): Generator<unknown> {
        try {
          yield* one("a")
        } finally {
          yield* one("b")
        }
      }
      const step = closed(() => (made++ === 0 ? body() : again()), at("a"))
      assert.strictEqual(step._tag === "Closed" ? step.error?.message : step._tag, error)
    }
  })

  it("ends where a body does not come to where it was closed any more", () => {
    let made = 0
    function* body(): Generator<unknown> {
      if (made++ > 0) return
      yield* one("a")
      try {
        yield* one("b")
      } finally {
        yield* one("c")
        yield* one("d")
      }
    }
    const journal = at("a", "b")
    assert.deepStrictEqual(closed(body, journal), { _tag: "Closed", error: undefined })
    assert.deepStrictEqual([...journal.history.phases.keys()], ["a", "b", "close/c"])
  })

  it("finds out that another code cleaned up", () => {
    const cleanUp = (name: string) =>
      function* () {
        try {
          yield* one("a")
        } finally {
          yield* one(name)
        }
      }
    const journal = at("a")
    closed(cleanUp("b"), journal)
    const step = closed(cleanUp("c"), journal)
    assert.deepInclude(step._tag === "Mismatch" ? step.recorded : {}, { path: "close/b" })
  })
})

describe("a change in a clean-up", () => {
  const isNew = Phase.changed("new")
  const cleaning = (said: Array<boolean>) =>
    function* (): Generator<unknown, void, never> {
      try {
        yield* one("a")
      } finally {
        try {
          said.push(yield* isNew)
          yield* one("b")
        } finally {
          said.push(yield* isNew)
        }
      }
    }
  const closing = (...entries: ReadonlyArray<Entry>) => {
    const said: Array<boolean> = []
    const cursor = cursorOf(cleaning(said))
    cursor.close()
    const journal = running().add(start("a"), { _tag: "Closing", position: "a", revert: false, act: {} }, ...entries)
    return { said, step: cursor.advance(journal.history) }
  }
  const asked = (path: string): ReadonlyArray<Entry> => [
    start(path, { name: "new", kind: "changed", scope: "close" }),
    succeed(path, true)
  ]
  const b: ReadonlyArray<Entry> = [start("close/b", { name: "b", scope: "close" }), succeed("close/b")]

  it("is asked for, known once it is recorded, and not there where the clean-up had gone on", () => {
    assert.deepStrictEqual(blockedAt(closing().step), "close/~4new")
    const known = closing(...asked("close/~4new"), ...b)
    assert.deepStrictEqual([known.said.every(Boolean), blockedAt(known.step)], [true, "close/~4new#2"])
    const gone = closing(...b)
    assert.deepStrictEqual([gone.said.some(Boolean), blockedAt(gone.step)], [false, "close/~4new#2"])
  })
})
