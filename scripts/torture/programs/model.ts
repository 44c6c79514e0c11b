/**
 * A share of a test that goes by seeds: `model.js model|concurrent|pairs FIRST COUNT SECONDS`. Prints `seeds N` now and
 * then, and a JSON line a failing seed.
 */
import * as Model from "../Model.js"
import * as Pairs from "../Pairs.js"

const [, , which, ...numbers] = process.argv
const [first, count, seconds] = numbers.map(Number)
const run = which === "pairs" ? Pairs.run : which === "concurrent" ? Model.runConcurrent : Model.run
const end = performance.now() + (seconds ?? 0) * 1_000
const block = 100

let done = 0
let failed = 0
while (done < (count ?? 0) && failed < 10 && performance.now() < end) {
  const failures = run(Math.min(block, (count ?? 0) - done), (first ?? 0) + done)
  for (const failure of failures) process.stdout.write(`${JSON.stringify({ failure })}\n`)
  failed += failures.length
  done += block
  process.stdout.write(`seeds ${done}\n`)
}

// What a world's dead processes left behind, timers among it, must not keep this one.
process.exit(0)
