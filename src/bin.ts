#!/usr/bin/env node
/** The `tidemark` command: see docs/cli.md. */
import { main } from "./cli/Process.js"

await main()
