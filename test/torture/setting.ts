import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { inject } from "vitest"
import type { Setting } from "../../scripts/torture/Part.js"
import { temporaryFolder } from "../store/support/TemporaryFolder.js"

/** What a part of the torture needs for a short taste of it: `amount` of its rounds, however long they take. */
export const taste = (amount: number, seed = 1) =>
  Effect.gen(function* () {
    const setting: Setting = {
      seed,
      deadline: (yield* Clock.currentTimeMillis) + 3_600_000,
      amount,
      folder: yield* temporaryFolder,
      programs: join(inject("compiled"), "scripts/torture/programs"),
      say: () => Effect.void
    }
    return setting
  })
