/** Properties try the same values in every run, others with another `SEED`; a failure prints the seed that it had. */
import * as FastCheck from "effect/FastCheck"

FastCheck.configureGlobal({ seed: Number(process.env.SEED ?? 1) })
