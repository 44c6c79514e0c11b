#!/usr/bin/env node
/**
 * The `tidemark` command: see docs/cli.md. Tasks are to find the very modules that it uses; without tasks it comes with all
 * it needs, in few files that load in a third of the time. scripts/command.ts makes both.
 */
const tasks = process.argv.some((arg) => arg === "--tasks" || arg.startsWith("--tasks="))

const { main } = (await import(`./${tasks ? "beside" : "alone"}/Process.js`)) as typeof import("./cli/Process.js")

await main()
