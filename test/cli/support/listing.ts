import type * as Ls from "../../../src/cli/Ls.js"

/** `ls` of everything. */
export const everything: Ls.Options = {
  task: undefined,
  status: [],
  text: undefined,
  tag: [],
  since: undefined,
  until: undefined,
  failedWith: undefined,
  waitingOn: undefined,
  limit: 0,
  after: undefined,
  oldest: false,
  watch: false,
  json: false
}
