import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { moves, verbs } from "../src/core/Status.js"

const states = fs.readFileSync(new URL("../docs/states.md", import.meta.url), "utf8")

describe("docs/states.md", () => {
  it("draws every allowed move, and no other", () => {
    const drawn = [...states.matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} ${to}`)
    const allowed = Object.entries(moves).flatMap(([from, tos]) => tos.map((to) => `${from} ${to}`))
    assert.deepStrictEqual(drawn, allowed)
  })

  it("says from which statuses each verb may be asked", () => {
    for (const [verb, { from }] of Object.entries(verbs)) {
      assert.include(states, `| ${verb} | ${from.join(", ")} |`)
    }
  })
})

describe("docs", () => {
  for (const page of fs.readdirSync(new URL("../docs", import.meta.url))) {
    it(`${page} links to files that are there`, () => {
      const text = fs.readFileSync(new URL(`../docs/${page}`, import.meta.url), "utf8")
      for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
        assert.isTrue(fs.existsSync(new URL(`../docs/${target}`, import.meta.url)), target)
      }
    })
  }
})

describe("README.md", () => {
  const readme = fs.readFileSync(new URL("../README.md", import.meta.url), "utf8")

  it("is shorter than 150 lines", () => {
    assert.isBelow(readme.split("\n").length, 150)
  })

  it("links to files that are there", () => {
    for (const [, target] of readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      assert.isTrue(fs.existsSync(new URL(`../${target}`, import.meta.url)), target)
    }
  })
})
