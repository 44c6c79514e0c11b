/** docs/cli.md is made from the commands: `npx vitest run test/cli/docs.test.ts -u` writes it anew. */
import { assert, describe, expect, it } from "@effect/vitest"
import * as Help from "../../src/cli/Help.js"
import * as Page from "../../src/cli/Page.js"
import * as Verbs from "../../src/cli/Verbs.js"

const preface = `# The command line

Made from the commands themselves by test/cli/docs.test.ts.

\`tidemark\` looks at executions where they are kept: it needs no task code, takes no lock, writes nothing, and works beside a
running engine, after it was killed, and on a file that cannot be written. Verbs that change something are still to come;
until then \`show\` names the call of \`TaskEngine\` that does what is needed.

It is a part of the package, and needs \`@effect/cli\`, \`@effect/printer\` and \`@effect/printer-ansi\` beside what
\`tidemark/sqlite\` needs. Where one is missing it says which.

- On a terminal, what is shown fits its width. Elsewhere tables have no header, a tab between cells, and times in full; nothing
  is cut. \`--json\` prints one JSON value, or one a line; the schemas are in \`src/cli\`.
- Characters of data that a terminal would obey or hide are written visibly: \`\\u{1b}\`. In JSON they are escaped as JSON does.
- Colours are for terminals, and not with \`NO_COLOR\`.
- An id that begins with a hyphen comes after \`--\`: \`tidemark show -- -x\`.
- SQLite itself may leave an empty \`-wal\` and a \`-shm\` file beside a database that was closed.

| exit code | |
|---|---|
| 0 | done |
| 1 | \`watch\`: the execution stands still, and is not Completed |
| 2 | it was not understood, or a package is missing |
| 3 | refused: there is no such execution, or a file that was to be made is there |
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
  it("fits one screen a verb", () => {
    const pages = [Help.root(Verbs.all), ...Verbs.all.map(Help.verb)]
    for (const page of pages) {
      const lines = Page.lines(page, { columns: 80, colours: false })
      assert.isAtMost(lines.length, 24, lines.join("\n"))
    }
  })

  it("tells what every option is for", () => {
    for (const { name, terms } of Verbs.all.map(Help.told)) {
      for (const term of terms) assert.notStrictEqual(term.meaning, "", `${name} ${term.name}`)
    }
  })
})
