/**
 * For tests of tasks and of stores: a store that dies at its n-th write, what a run shows of its task, and a check of journals
 * that are kept in files. The suite for stores is an entry of its own.
 */
export * as CrashStore from "./CrashStore.js"
export { type CheckedFile, checkJournals } from "./Journals.js"
export { warnings } from "./Warnings.js"
