/** Whose code this thread runs right now, for whoever looks at the thread from outside: see watchdog/. */
export const turn: { execution: string | undefined } = { execution: undefined }

/** By `Symbol.for` this, the global object has it, where somebody looks. */
export const symbol = "tidemark/turn"
