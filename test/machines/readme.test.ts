import * as fs from "node:fs"
import { expect, test } from "vitest"
import type { AnyStateMachine } from "xstate"
import { cameraMachine } from "../../machines/camera.ts"
import { toMermaid, toStateTable } from "../../machines/statechart.ts"
import { supervisorMachine } from "../../machines/supervisor.ts"

const readme = new URL("../../machines/README.md", import.meta.url)

/** The text with the block of a machine between its markers replaced by what the machine is now. */
function withStatechart(text: string, machine: AnyStateMachine): string {
  const begin = `<!-- statechart ${machine.id}: generated -->\n`
  const end = `<!-- /statechart ${machine.id} -->`
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`no markers for ${machine.id} in ${readme.pathname}`)
  const block = `\n\`\`\`mermaid\n${toMermaid(machine)}\`\`\`\n\n${toStateTable(machine)}\n`
  return text.slice(0, from + begin.length) + block + text.slice(to)
}

test("the README shows the machines as they are (rewrite it with UPDATE_STATECHARTS=1)", () => {
  const current = [cameraMachine, supervisorMachine].reduce(withStatechart, fs.readFileSync(readme, "utf8"))
  if (process.env["UPDATE_STATECHARTS"] === "1") fs.writeFileSync(readme, current)
  expect(fs.readFileSync(readme, "utf8")).toBe(current)
})

test("a drifted block is found", () => {
  const drifted = fs.readFileSync(readme, "utf8").replace("[*] --> idle", "[*] --> asleep")
  expect(withStatechart(drifted, cameraMachine)).not.toBe(drifted)
})
