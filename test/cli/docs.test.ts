/** docs/cli.md is made from the commands: `npx vitest run test/cli/docs.test.ts -u` writes it anew. */
import { assert, describe, expect, it } from "@effect/vitest"
import * as Help from "../../src/cli/Help.js"
import * as Page from "../../src/cli/Page.js"
import * as Verbs from "../../src/cli/Verbs.js"

const preface = `# The command line

Made from the commands themselves by test/cli/docs.test.ts.

What only looks (\`ls show tree history context watch doctor export\`) needs no task code, takes no lock, writes nothing, and works
beside a running engine, after it was killed, and on a file that cannot be written.

What changes an execution is handed to the engine that owns the file, and answered when that has it on disk. Where no engine
runs, \`--tasks MODULE\` has the command be the engine for as long as it takes: it runs that execution, and no other. The module's
default export is a Layer of tasks (\`export default Layer.mergeAll(one.layer, another.layer)\`), in JavaScript, or in TypeScript
where Node takes it or \`tsx\` is installed. \`complete\` and \`signal\` need no engine: what they say is kept for the next one.
Each of these says what it will do and asks; \`--yes\` does it without, as it has to where nobody is at a terminal;
\`--dry-run\` only says, and \`tidemark plan VERB ...\` is the same. What was confirmed is what is done: if the execution has moved meanwhile, it is refused, and the new plan
is shown. Who asked (the user of the system, or \`--by\`) and why (\`--reason\`) are recorded.

\`resume\`, \`pause\`, \`close\` and \`revert\` take \`--where KEY=VALUE\` instead of an ID, several times, and are then asked of all
executions of which all of that is true, the oldest first: \`tidemark close --where task=import --where failed-with="no space"
--limit 20 --dry-run\`. Each is told of on its own; one that is refused keeps nobody from the next, and the exit code is 3.
Values are JSON, or \`@FILE\` that holds it. What tasks print goes to stderr.

It is a part of the package, and needs what \`tidemark/sqlite\` needs, which it names where it is missing; \`init\` and \`--help\`
need nothing. What else is in it has its licence in \`LICENSES.txt\` beside it. With \`--tasks\` it shares Effect with the tasks,
and starts as fast as that loads.

- On a terminal, what is shown fits its width. Elsewhere tables have no header, a tab between cells, and times in full; nothing
  is cut. \`--json\` prints one JSON value, or one a line; the schemas are in \`src/cli\`.
- Characters of data that a terminal would obey or hide are written visibly: \`\\u{1b}\`. In JSON they are escaped as JSON does.
- Colours are for terminals, and not with \`NO_COLOR\`.
- An id that begins with a hyphen comes after \`--\`: \`tidemark show -- -x\`.
- SQLite itself may leave an empty \`-wal\` and a \`-shm\` file beside a database that was closed.

| exit code | |
|---|---|
| 0 | done |
| 1 | the execution failed, where it was to go on (what is discarded, or sent without --tasks, is done all the same: 0); \`watch\`: it stands still, and is not Completed |
| 2 | it was not understood, nobody was there to say yes, or a package or a module does not load |
| 3 | refused: there is no such execution, its status does not allow that, no engine runs, or a file that was to be made is there |
| 4 | trouble with the store: no database, another program's, newer, damaged, unreadable; \`doctor\` found some |
| 70 | a mistake of the command's own |
| 130, 143 | ended by SIGINT, SIGTERM |

\`tidemark --completions bash\` (or \`zsh\`, \`fish\`) prints completions for a shell.
`

const code = (text: string): string => `\`${text}\``

const flowed = (text: string): string => Page.lines([Page.flow(0, text)], { columns: 120, colours: false }).join("\n")

const section = (verb: Help.AnyVerb): string => {
  const { more, summary, terms, usage } = Help.told(verb)
  const rows = terms.map(({ meaning, name }) => `| ${code(name)} | ${meaning} |`)
  return [`## ${code(usage)}`, ...[summary, ...more].map(flowed), ["| | |", "|---|---|", ...rows].join("\n")].join(
    "\n\n"
  )
}

describe("docs/cli.md", () => {
  it("is made from the commands", async () => {
    const text = `${[preface, ...Verbs.all.map(section)]
      .join("\n")
      .replace(/\n## /g, "\n\n## ")
      .replace(/\n{3,}/g, "\n\n")}\n`
    await expect(text).toMatchFileSnapshot("../../docs/cli.md")
  })
})

describe("--help", () => {
  const lines = (page: Page.Page) => Page.lines(page, { columns: 80, colours: false })

  it("fits one screen a verb, and has a line for each of them", () => {
    for (const page of Verbs.all.map(Help.verb)) assert.isAtMost(lines(page).length, 24, lines(page).join("\n"))
    const root = lines(Help.root(Verbs.all))
    assert.isAtMost(root.length, Verbs.all.length + 8, root.join("\n"))
  })

  it("tells what every option is for", () => {
    for (const { name, terms } of Verbs.all.map(Help.told)) {
      for (const term of terms) assert.notStrictEqual(term.meaning, "", `${name} ${term.name}`)
    }
  })
})
