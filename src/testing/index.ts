/**
 * For tests of tasks and of stores: a process that dies at each of its writes, a store that does at one of them, a check of journals that are kept in files, and what a
 * run shows of its task. The suite for stores is an entry of its own.
 */

export { diesAnywhere } from "./Crashes.js"
export * as CrashStore from "./CrashStore.js"
export { type CheckedFile, checkJournals } from "./Journals.js"
export { warnings } from "./Warnings.js"
