/** What `--help` says, made from the commands themselves: one screen a verb. */

import * as CliConfig from "@effect/cli/CliConfig"
import type { Command } from "@effect/cli/Command"
import * as Descriptor from "@effect/cli/CommandDescriptor"
import type { HelpDoc } from "@effect/cli/HelpDoc"
import type { Span } from "@effect/cli/HelpDoc/Span"
import * as Page from "./Page.js"

export type AnyVerb = Pick<Command<string, never, never, unknown>, "descriptor">

const spanText = (span: Span): string => {
  switch (span._tag) {
    case "Text":
    case "URI":
      return span.value
    case "Sequence":
      return spanText(span.left) + spanText(span.right)
    default:
      return spanText(span.value)
  }
}

interface Term {
  readonly name: string
  readonly texts: ReadonlyArray<string>
}

type Part = { readonly title: string } | { readonly text: string } | { readonly terms: ReadonlyArray<Term> }

const partsOf = (doc: HelpDoc): ReadonlyArray<Part> => {
  switch (doc._tag) {
    case "Empty":
      return []
    case "Header":
      return [{ title: spanText(doc.value) }]
    case "Paragraph":
      return [{ text: spanText(doc.value) }]
    case "DescriptionList":
      return [{ terms: doc.definitions.map(([name, about]) => ({ name: spanText(name), texts: textsOf(about) })) }]
    case "Enumeration":
      return doc.elements.flatMap(partsOf)
    case "Sequence":
      return [...partsOf(doc.left), ...partsOf(doc.right)]
  }
}

const textsOf = (doc: HelpDoc): ReadonlyArray<string> =>
  partsOf(doc).flatMap((part) => ("text" in part && part.text !== "" ? [part.text] : []))

/** All that a document says, in one line. */
export const text = (doc: HelpDoc): string => textsOf(doc).join(" ")

/** What the library says of every option of a kind, and of every optional one. */
const said =
  /^(A true or false value|A user-defined piece of text|An integer)\.|^This (setting is optional|option (may be|can be set from))/

const optional = /^This (setting is optional|option may be)/

const meaning = ({ texts }: Term): string => texts.filter((one) => !said.test(one)).join(" ")

const config = { ...CliConfig.defaultConfig, showBuiltIns: false }

/** A verb as help and docs/cli.md tell of it. */
export interface Told {
  readonly name: string
  /** one sentence */
  readonly summary: string
  readonly more: ReadonlyArray<string>
  readonly usage: string
  readonly terms: ReadonlyArray<{ readonly name: string; readonly meaning: string }>
}

const nameOf = (verb: AnyVerb): string => [...Descriptor.getNames(verb.descriptor)][0]!

export const told = (verb: AnyVerb): Told => {
  const name = nameOf(verb)
  const parts = partsOf(Descriptor.getHelp(verb.descriptor, config))
  const [summary = "", ...more] = parts.flatMap((part) => ("text" in part ? [part.text] : []))
  const terms = parts
    .flatMap((part) => ("terms" in part ? part.terms : []))
    .map((term) => ({ ...term, name: term.name.replace(/^<(.*)>$/, "$1"), meaning: meaning(term) }))
  const given = terms
    .filter((term) => !term.name.startsWith("-"))
    .map(({ name, texts }) => (texts.some((text) => optional.test(text)) ? `[${name}]` : name))
  return { name, summary, more, usage: ["tidemark", name, ...given, "[OPTION ...]"].join(" "), terms }
}

export const verb = (one: AnyVerb): Page.Page => {
  const { more, summary, terms, usage } = told(one)
  return [
    Page.flow(2, { text: usage, tone: "strong" }),
    Page.flow(0, summary),
    ...more.flatMap((paragraph) => [Page.blank, Page.flow(0, paragraph)]),
    Page.blank,
    ...Page.glossary(terms.map(({ meaning, name }) => [name, meaning]))
  ]
}

const exits =
  "Exit codes: 0 done; 1 the execution failed; 2 usage; 3 refused; 4 trouble with the store; 130 and 143 ended by a signal."

export const root = (verbs: ReadonlyArray<AnyVerb>): Page.Page => [
  Page.flow(2, { text: "tidemark VERB [OPTION ...]", tone: "strong" }),
  Page.flow(0, "Durable executions: looks at their file, and asks of the engine that runs them."),
  Page.blank,
  ...Page.glossary(verbs.map(told).map(({ name, summary }) => [name, summary])),
  Page.blank,
  Page.flow(
    2,
    "tidemark VERB --help tells of a verb; --version of the version; --completions SHELL prints completions."
  ),
  Page.flow(2, exits)
]
