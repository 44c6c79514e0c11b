/** The long fault tests, in the order in which they run. */
import * as Completions from "./Completions.js"
import * as Corruption from "./Corruption.js"
import * as Crashes from "./Crashes.js"
import * as Disk from "./Disk.js"
import * as Duels from "./Duels.js"
import * as Kill9 from "./Kill9.js"
import * as Orderly from "./Orderly.js"
import type { Part } from "./Part.js"
import * as Power from "./Power.js"
import * as Rolling from "./Rolling.js"
import * as Sleepers from "./Sleepers.js"
import * as Takeover from "./Takeover.js"
import * as ThreeProcesses from "./ThreeProcesses.js"
import * as WallClock from "./WallClock.js"

export const parts: ReadonlyArray<Part> = [
  Power.part,
  Takeover.part,
  Orderly.part,
  Completions.part,
  ThreeProcesses.part,
  Duels.part,
  Rolling.part,
  Sleepers.part,
  WallClock.part,
  Disk.part,
  Corruption.part,
  ...Crashes.parts,
  Kill9.part
]
