/** What would meet the requirements that a verb lacks, in the words of the command. */
import type { Json } from "../core/Json.js"
import type { Missing } from "../core/Missing.js"
import { quoted } from "./Advice.js"

type Of<N extends Missing["needs"]> = Extract<Missing, { readonly needs: N }>

/** What was asked, and of which execution. */
export interface Asked {
  readonly execution: string
  readonly verb: string
}

/** That an argument is a text of its own, whatever is in it. */
const told = (option: string, text: string): string => `${option} ${quoted(text).replace(/^-- /, "")}`

/** A JSON Schema that does not fill a screen. */
const fitting = (schema: Json): string => {
  const text = JSON.stringify(schema)
  return schema === null || text.length > 200 ? "that fits: --dry-run --json has its JSON Schema" : `that fits ${text}`
}

const show = ({ execution }: Asked): string => `tidemark show ${quoted(execution)} says how it stands`

const table: { readonly [N in Missing["needs"]]: (missing: Of<N>, asked: Asked) => string } = {
  status: (_, asked) => show(asked),
  task: () => "--tasks MODULE says where its code is, or start an engine that has it: tidemark worker",
  code: () => "put the code back that wrote the journal, or give --tasks another module",
  phase: ({ back }, asked) =>
    back === undefined
      ? show(asked)
      : `tidemark revert ${told("--to", back)} ${quoted(asked.execution)} undoes what came after that, ` +
        `as does tidemark goto ${quoted(asked.execution)} ${quoted(back)}`,
  checkpoint: (_, asked) => show(asked),
  parent: () => "ask that of its parent; --force does it to the child alone",
  value: ({ path, schema }, { verb }) => {
    const option = verb === "skip" ? "--value JSON" : told("--value", `${path}=JSON`)
    return `${option}, or @FILE that holds it, ${fitting(schema)}`
  },
  payload: ({ schema }) => `--payload JSON, or @FILE that holds it, ${fitting(schema)}`,
  consent: () => "--undo-too lets them see it; otherwise go back to before them first: tidemark revert --to CHECKPOINT"
}

/** Each once. */
export const advice = (missing: ReadonlyArray<Missing>, asked: Asked): string =>
  [...new Set(missing.map((one) => (table[one.needs] as (missing: Missing, asked: Asked) => string)(one, asked)))].join(
    "; "
  )
