/**
 * Runs a piece of an author's code on values that it was never written for, to see where it goes: for a moment, as it may
 * never come back from them. What it does then is dropped, what it throws too.
 */
import * as vm from "node:vm"

/** In milliseconds. */
const moment = 100

const script = new vm.Script("turn()")

export const take = (turn: () => void): void => {
  try {
    // The time limit holds for all that is called from there.
    script.runInNewContext({ turn }, { timeout: moment })
  } catch {
    // It led nowhere.
  }
}
