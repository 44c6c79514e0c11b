/** Where a generator stands in its scope: what its next yield is called, and what the journal holds there. */
import type { History } from "./History.js"
import { captureOf, type Instruction, isComposite, kindOf } from "./Instruction.js"
import * as Path from "./Path.js"
import type { PhaseRecord } from "./PhaseRecord.js"
import type { Placed } from "./Step.js"

/** Under what name the occurrences of an instruction are counted. */
const countedAs = (instruction: Instruction): string =>
  instruction._tag === "Changed" ? Path.changed(instruction.name) : instruction.name

export class Position {
  private constructor(
    private readonly journal: { readonly history: History },
    readonly scope: string,
    private index: number,
    private readonly occurrences: Map<string, number>
  ) {}

  /** Before the first yield. */
  static first(journal: { readonly history: History }, scope: string): Position {
    return new Position(journal, scope, 0, new Map())
  }

  copy(): Position {
    return new Position(this.journal, this.scope, this.index, new Map(this.occurrences))
  }

  private occurrenceOf(instruction: Instruction): number {
    return (this.occurrences.get(countedAs(instruction)) ?? 0) + 1
  }

  /** The path of what would be yielded next. */
  pathOf(instruction: Instruction): string {
    if (instruction._tag === "Undo") return Path.undo(this.scope, instruction.undoes)
    const path = isComposite(instruction) ? Path.inner : instruction._tag === "Changed" ? Path.change : Path.of
    return path(this.scope, instruction.name, this.occurrenceOf(instruction))
  }

  /** It is yielded: the next one of its name is another. */
  count(instruction: Instruction): void {
    if (instruction._tag !== "Undo") this.occurrences.set(countedAs(instruction), this.occurrenceOf(instruction))
  }

  /** It is yielded; `captured`: by what has failures as values around it. */
  place(instruction: Instruction, captured: boolean): Placed {
    const path = this.pathOf(instruction)
    this.count(instruction)
    return {
      path,
      scope: this.scope,
      name: instruction.name,
      kind: kindOf(instruction),
      instruction,
      capture: captureOf(instruction),
      captured,
      key: undefined,
      needs: undefined
    }
  }

  /** What the journal holds at the position that comes next. Changes have none: they are known by their paths. */
  get recorded(): PhaseRecord | undefined {
    const all = this.journal.history.scopes.get(this.scope)
    while (all?.[this.index]?.kind === "changed") this.index++
    return all?.[this.index]
  }

  /** That is passed. */
  pass(): void {
    this.index++
  }

  /** The path of the phase before; none: "". */
  get last(): string {
    return this.index === 0 ? "" : this.journal.history.scopes.get(this.scope)![this.index - 1]!.path
  }
}
