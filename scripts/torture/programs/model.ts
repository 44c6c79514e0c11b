/**
 * A share of a test that goes by seeds: `model.js model|concurrent|pairs|nests|grids|races|stages|marks|plans|queues|changes
 * FIRST COUNT SECONDS`. Prints `seeds N` now and then, and a JSON line a failing seed.
 */
import * as Changes from "../Changes.js"
import * as Grids from "../Grids.js"
import * as Marks from "../Marks.js"
import * as Model from "../Model.js"
import * as Nests from "../Nests.js"
import * as Pairs from "../Pairs.js"
import * as Plans from "../Plans.js"
import * as Queues from "../Queues.js"
import * as Races from "../Races.js"
import * as StagedPrograms from "../StagedPrograms.js"

/** What checks seeds, and how many of them at a time. */
const all = {
  model: { run: Model.run, block: 100 },
  concurrent: { run: Model.runConcurrent, block: 100 },
  pairs: { run: Pairs.run, block: 100 },
  nests: { run: Nests.run, block: 5 },
  grids: { run: Grids.run, block: 100 },
  races: { run: Races.run, block: 100 },
  stages: { run: StagedPrograms.run, block: 20 },
  plans: { run: Plans.run, block: 20 },
  marks: { run: Marks.run, block: 4 },
  queues: { run: Queues.run, block: 20 },
  changes: { run: Changes.run, block: 5 }
}

const [, , which, ...numbers] = process.argv
const [first = 0, count = 0, seconds = 0] = numbers.map(Number)
const { block, run } = all[which as keyof typeof all]
const end = performance.now() + seconds * 1_000

let done = 0
let failed = 0
while (done < count && failed < 10 && performance.now() < end) {
  const failures = run(Math.min(block, count - done), first + done)
  for (const failure of failures) process.stdout.write(`${JSON.stringify({ failure })}\n`)
  failed += failures.length
  done += block
  process.stdout.write(`seeds ${done}\n`)
}

// What a world's dead processes left behind, timers among it, must not keep this one.
process.exit(0)
