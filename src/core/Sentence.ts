/** Messages that stand inside of others. */

/** `text` without the full stop at its end, for a sentence that goes on. */
export const open = (text: string): string => text.replace(/(?<!\.)\.$/, "")
