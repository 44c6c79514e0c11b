/** From the arguments of a process to its exit code. */
import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Terminal from "@effect/platform/Terminal"
import * as Cause from "effect/Cause"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Near from "../core/Near.js"
import { mark } from "./Arguments.js"
import * as Complaint from "./Complaint.js"
import * as Help from "./Help.js"
import * as Page from "./Page.js"
import * as Screen from "./Screen.js"
import * as Verbs from "./Verbs.js"

const names = Verbs.all.map((verb) => Help.told(verb).name)

/** The options that are followed by a value. */
const valued = new Set([
  "--completions",
  ...Verbs.all
    .flatMap((verb) => Help.told(verb).terms)
    .flatMap(({ name }) => (name.includes(" ") ? [name.split(" ")[0]!] : []))
])

/** `--by=ann` is `--by ann`, whatever the value is. */
const separated = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!
    if (arg === "--") return [...found, ...args.slice(at)]
    const [name = arg, ...rest] = arg.split("=")
    if (rest.length > 0 && valued.has(name)) found.push(name, rest.join("="))
    else found.push(arg, ...(valued.has(arg) ? args.slice(++at, at + 1) : []))
  }
  return found
}

/** What is before the verb comes after it, so that `tidemark --db FILE ls` is `tidemark ls --db FILE`. */
const arrange = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  let at = 0
  while (at < args.length && args[at]!.startsWith("-") && args[at] !== "--") at += valued.has(args[at]!) ? 2 : 1
  const verb = args[at]
  return verb === undefined || verb === "--" ? args : [verb, ...args.slice(0, at), ...args.slice(at + 1)]
}

/** The verbs that say beforehand what they would do. */
const plannable = Verbs.all
  .map(Help.told)
  .filter(({ terms }) => terms.some(({ name }) => name === "--dry-run"))
  .map(({ name }) => name)

/** `plan VERB` is what the verb says with `--dry-run`. */
const unplanned = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [verb, ...rest] = args[0] === "plan" ? arrange(args.slice(1)) : []
  return verb !== undefined && plannable.includes(verb) ? [verb, "--dry-run", ...rest] : args
}

/** Options end at a `--`, and what follows one that takes a value is its value, whatever it looks like. */
const has = (args: ReadonlyArray<string>, ...options: ReadonlyArray<string>): boolean => {
  for (let at = 0; at < args.length && args[at] !== "--"; at += valued.has(args[at]!) ? 2 : 1) {
    if (options.includes(args[at]!)) return true
  }
  return false
}

/** Nothing is asked of a terminal, and no file is read but the database. */
const environment = Layer.mergeAll(
  FileSystem.layerNoop({}),
  Path.layer,
  Layer.succeed(Terminal.Terminal, {
    columns: Effect.succeed(80),
    rows: Effect.succeed(24),
    isTTY: Effect.succeed(false),
    readInput: Effect.die("no input"),
    readLine: new Terminal.QuitException(),
    display: () => Effect.void
  } as unknown as Terminal.Terminal)
)

/** What the library prints by itself are completions; its complaints come as errors too. */
const consoleOf = (console: Console.Console, { out }: Screen.Device): Console.Console => ({
  ...console,
  log: (...args) => out(`${args.join(" ")}\n`),
  error: () => Effect.void
})

/** What the library says, and the options that may have been meant. */
const misused = (name: string, what: string): Complaint.Complaint => {
  const verb = Verbs.all[names.indexOf(name)]
  const option = /unknown argument: '(--.*)'$/s.exec(what)?.[1]
  const terms = verb === undefined || option === undefined ? [] : Help.told(verb).terms
  const near = Near.misses(
    option ?? "",
    terms.map((term) => term.name.split(" ")[0]!)
  )
  return Complaint.usage(
    what,
    near.length === 0 ? `tidemark ${name} --help tells what it takes` : `did you mean ${near.join(", ")}?`
  )
}

/** As the library takes values for what they are. */
const marked = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const found = [...args]
  for (let at = 0; at < args.length && args[at] !== "--"; at++) {
    if (valued.has(args[at]!) && at + 1 < args.length) found[++at] = mark(args[at]!)
  }
  return found
}

const execute = Effect.fnUntraced(function* (args: ReadonlyArray<string>, version: string) {
  const device = yield* Screen.Screen
  const root = Command.make("tidemark").pipe(Command.withSubcommands(Verbs.all))
  const run = Command.run(root, { name: "tidemark", version })
  const console = yield* Effect.console
  yield* run(["node", "tidemark", ...marked(args)]).pipe(
    Effect.withConsole(consoleOf(console, device)),
    Effect.provide(environment),
    Effect.mapError((error) =>
      ValidationError.isValidationError(error) ? misused(args[0] ?? "", Help.text(error.error)) : Complaint.of(error)
    )
  )
})

const nextHelp = `tidemark --help tells what there is: ${names.join(", ")}`

const unknown = (what: string, verb: string, known: ReadonlyArray<string>): Complaint.Complaint => {
  const near = Near.misses(verb, known)
  return Complaint.usage(what, near.length === 0 ? `there are ${known.join(", ")}` : `did you mean ${near.join(", ")}?`)
}

const answer = Effect.fnUntraced(function* (given: ReadonlyArray<string>, version: string) {
  const device = yield* Screen.Screen
  const args = unplanned(arrange(separated(given)))
  const [first] = args
  const verb = Verbs.all[names.indexOf(first ?? "")]
  if (has(args, "--help", "-h")) {
    return yield* Screen.print(device, verb === undefined ? Help.root(Verbs.all) : Help.verb(verb))
  }
  if (verb === undefined && has(args, "--version")) return yield* device.out(`${version}\n`)
  if (has(args, "--wizard", "--log-level")) return yield* Complaint.usage("it asks nothing, and keeps no log", nextHelp)
  if (verb === undefined && !has(args, "--completions")) {
    return yield* first === undefined || first.startsWith("-")
      ? Complaint.usage("say what to do", nextHelp)
      : unknown(`there is no verb ${first}`, first, names)
  }
  if (first === "plan") {
    const [meant = ""] = arrange(args.slice(1))
    const isVerb = meant !== "" && !meant.startsWith("-")
    return yield* unknown(isVerb ? `there is nothing to plan of ${meant}` : "say what to plan", meant, plannable)
  }
  return yield* execute(args, version)
})

/** Warnings of the store, where errors go. */
const logger = (device: Screen.Device) =>
  Logger.make<unknown, void>(({ message }) => {
    const text = (Array.isArray(message) ? message : [message]).map(String).join(" ")
    Effect.runFork(device.err(Page.render([Page.flow(2, { text: "tidemark: ", tone: "warn" }, text)], device.paper)))
  })

/** Does what the arguments say, and answers the exit code; its only failure is that it was interrupted. */
export const run = Effect.fnUntraced(function* (args: ReadonlyArray<string>, version: string) {
  const device = yield* Screen.Screen
  const complain = (complaint: Complaint.Complaint) =>
    Effect.as(device.err(Page.render(Complaint.page(complaint), device.paper)), complaint.code)
  return yield* answer(args, version).pipe(
    Effect.as<number>(Complaint.codes.done),
    Effect.catchAll(complain),
    Effect.catchAllDefect((defect) => {
      const what = `it failed by a mistake of its own: ${Cause.pretty(Cause.die(defect)).split("\n")[0]}`
      return complain(
        new Complaint.Complaint({ code: Complaint.codes.bug, what, next: "nothing was changed; please report it" })
      )
    }),
    Effect.provide(Logger.replace(Logger.defaultLogger, logger(device))),
    Logger.withMinimumLogLevel(LogLevel.Warning)
  )
})

/** A run of the command: its exit code, none if it was stopped. */
export interface Running {
  readonly code: Promise<number | undefined>
  readonly stop: () => void
}

export const start = (args: ReadonlyArray<string>, version: string, device: Screen.Device): Running => {
  const fiber = Effect.runFork(Effect.provideService(run(args, version), Screen.Screen, device))
  const code = Effect.runPromise(Fiber.await(fiber)).then((exit) => (Exit.isSuccess(exit) ? exit.value : undefined))
  return { code, stop: () => void Effect.runFork(Fiber.interrupt(fiber)) }
}
