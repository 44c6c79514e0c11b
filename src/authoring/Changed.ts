/** Changes: how one body holds the code of two releases, for executions that are under way. */
import { describe, type Phase } from "./Description.js"

/**
 * Whether an execution goes on with the code of the release that has this change: false where it had gone on from here before,
 * by code without it; else true, which is recorded with the next commit, and never changes.
 *
 * Each yield decides for the place where it stands, in its own generator: ask once, and keep the answer. Going back to before
 * it asks anew. Once no execution needs the old branch, the question may be taken out together with that, in any order. A
 * phase may have the same name. Throws `InvalidName` for an id that cannot be kept. The idea is Temporal's `patched`.
 *
 * @example
 * import { Phase, Task } from "tidemark"
 * import * as Effect from "effect/Effect"
 *
 * const order = Task.make("order", {
 *   *run() {
 *     if (yield* Phase.changed("check the address first")) yield* Phase.make("check address", Effect.void)
 *     yield* Phase.make("ship", Effect.void)
 *   }
 * })
 */
export const changed = (id: string): Phase<boolean, never, never, never, true> =>
  describe({ _tag: "Changed", name: id })
