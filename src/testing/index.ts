/** For tests of tasks and of stores: a store that dies at its n-th write. The suite for stores is an entry of its own. */
export * as CrashStore from "./CrashStore.js"
