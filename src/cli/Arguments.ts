/** Arguments and options that several verbs take, and what their help says of them. */
import * as Args from "@effect/cli/Args"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as Config from "effect/Config"
import * as Option from "effect/Option"

export const about = (...paragraphs: ReadonlyArray<string>): HelpDoc.HelpDoc =>
  paragraphs.map((text) => HelpDoc.p(text)).reduce((left, right) => HelpDoc.sequence(left, right))

export const said =
  (text: string) =>
  <A>(option: Options.Options<A>): Options.Options<A> =>
    Options.withDescription(option, text)

const marker = "\u0001"

/** A value as the library takes it for one: by itself it would obey a `-h`, end the options at a `--`, and lose what is blank. */
export const mark = (value: string): string =>
  value.trim() !== value || value === "" || value.startsWith(marker) || /^-(?!\d+$)/.test(value)
    ? `${marker}${value}${marker}`
    : value

const unmarked = (value: string): string => (value.startsWith(marker) ? value.slice(1, -1) : value)

/** An option with a text, whatever that looks like. */
export const textual = (name: string) => Options.map(Options.text(name), unmarked)

/** The same, several times. */
export const several = (name: string, pseudo: string, meaning: string) =>
  Options.text(name).pipe(
    said(meaning),
    Options.withPseudoName(pseudo),
    Options.repeated,
    Options.map((values) => values.map(unmarked))
  )

export const flag = (name: string, text: string) => Options.boolean(name).pipe(said(text))

export const maybe = <A>(option: Options.Options<A>): Options.Options<A | undefined> =>
  Options.map(Options.optional(option), Option.getOrUndefined)

/** An option with a text that need not be given. */
export const text = (name: string, pseudo: string, meaning: string) =>
  maybe(textual(name).pipe(said(meaning), Options.withPseudoName(pseudo)))

export const argument = (name: string, meaning: string) => Args.text({ name }).pipe(Args.withDescription(meaning))

export const db = textual("db").pipe(
  said("the database; TIDEMARK_DB says which if this does not, otherwise tidemark.db"),
  Options.withPseudoName("FILE"),
  Options.withFallbackConfig(Config.string("TIDEMARK_DB")),
  Options.withDefault("tidemark.db")
)

export const json = flag("json", "JSON on stdout, and nothing else")
export const jsonLines = flag("json", "JSON lines on stdout, and nothing else")

export const id = argument("ID", "the execution")

/** What every verb takes that changes an execution. */
export const changing = {
  db,
  tasks: text("tasks", "MODULE", "the module with the tasks' code"),
  yes: flag("yes", "does it without asking"),
  dryRun: flag("dry-run", "says what would happen, and does nothing"),
  reason: text("reason", "TEXT", "why: it is recorded"),
  by: text("by", "NAME", "who asks, if not the system's user: it is recorded"),
  json
}

export const follow = flag("follow", "shows what comes of it, until it stands still")

/** What these say. */
export interface Changing {
  readonly db: string
  readonly tasks: string | undefined
  readonly yes: boolean
  readonly dryRun: boolean
  readonly reason: string | undefined
  readonly by: string | undefined
  readonly json: boolean
  /** what comes of it is shown until the execution stands still */
  readonly follow?: boolean
}
