/** What a phase describes, as the interpreter gets it. */
import { assert } from "@effect/vitest"
import {
  type Fork,
  type Group,
  type Instruction,
  type Run,
  type Signal,
  type Sleep,
  Yielded
} from "../../../src/core/Instruction.js"

type Phase = Iterable<unknown, unknown>

export const instructionOf = (phase: Phase): Instruction => {
  const { done, value } = phase[Symbol.iterator]().next()
  assert.isFalse(done)
  assert.instanceOf(value, Yielded)
  return (value as Yielded).instruction as Instruction
}

const of =
  <Tag extends Instruction["_tag"]>(tag: Tag) =>
  (phase: Phase): Extract<Instruction, { readonly _tag: Tag }> => {
    const instruction = instructionOf(phase)
    assert.strictEqual(instruction._tag, tag)
    return instruction as Extract<Instruction, { readonly _tag: Tag }>
  }

export const runOf: (phase: Phase) => Run = of("Run")
export const forkOf: (phase: Phase) => Fork = of("Fork")
export const groupOf: (phase: Phase) => Group = of("Group")
export const sleepOf: (phase: Phase) => Sleep = of("Sleep")
export const signalOf: (phase: Phase) => Signal = of("Signal")
