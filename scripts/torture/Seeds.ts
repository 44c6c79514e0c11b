/** Checks that go by seeds: a failing one prints the command that replays it. */

/** Checks `count` seeds from `seed` on, and answers the failing ones: at most ten, each with how to replay it. */
export const runner =
  (check: (seed: number) => ReadonlyArray<string>, file: string) => (count: number, seed: number) => {
    const failures: Array<string> = []
    for (let index = 0; index < count && failures.length < 10; index++) {
      const problems = check(seed + index)
      const replay = `TIDEMARK_SEED=${seed + index} npx vitest run test/model/${file}.test.ts`
      if (problems.length > 0) failures.push([replay, ...problems].join("\n  "))
    }
    return failures
  }
