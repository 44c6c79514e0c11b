/** What a yield is, as replay compares it. A phase whose failure is a value (`either`, `exit`) is of another kind. */
export const kinds = [
  "phase",
  "either",
  "exit",
  "delegate",
  "sleep",
  "signal",
  "checkpoint",
  "changed",
  "fail",
  "undo",
  "child",
  "all",
  "forEach",
  "race",
  "graph",
  "group"
] as const
export type Kind = (typeof kinds)[number]
