/** Finds code that keeps its thread for itself. */
export * as Watchdog from "./watchdog/Watchdog.js"
