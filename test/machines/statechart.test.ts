import { setup } from "xstate"
import { describe, expect, test } from "vitest"
import { cameraMachine } from "../../machines/camera.ts"
import { statesOf, toMermaid, toStateTable } from "../../machines/statechart.ts"
import { supervisorMachine } from "../../machines/supervisor.ts"

const door = setup({
  guards: { isFree: () => true },
  delays: { closing: 1_000 },
}).createMachine({
  id: "door",
  initial: "shut",
  states: {
    shut: { description: "Nobody passes.", on: { "bell.rung": { guard: "isFree", target: "open.wide" } } },
    open: {
      description: "Anybody passes.",
      initial: "ajar",
      on: { "door.removed": "gone" },
      states: {
        ajar: { on: { "door.pushed": "wide", "bell.rung": {} } },
        wide: { after: { closing: "#door.shut" } },
      },
    },
    gone: { type: "final" },
  },
})

test("events, delays and guards stand on the edges, inner ends in the labels", () => {
  expect(toMermaid(door)).toBe(`stateDiagram-v2
  [*] --> shut
  state "shut" as shut
  state "open" as open {
    [*] --> open_ajar
    state "ajar" as open_ajar
    state "wide" as open_wide
    open_ajar --> open_ajar : bell.rung
    open_ajar --> open_wide : door.pushed
  }
  state "gone" as gone
  gone --> [*]
  shut --> open : bell.rung [isFree] (to wide)
  open --> shut : after closing (in wide)
  open --> gone : door.removed
`)
})

test("the table has a row for every state", () => {
  expect(toStateTable(door)).toBe(
    [
      "| state       | meaning         |",
      "| ----------- | --------------- |",
      "| `shut`      | Nobody passes.  |",
      "| `open`      | Anybody passes. |",
      "| `open.ajar` |                 |",
      "| `open.wide` |                 |",
      "| `gone`      |                 |",
      "",
    ].join("\n"),
  )
})

describe.each([cameraMachine, supervisorMachine])("$id", (machine) => {
  test("every state is described", () => {
    const silent = statesOf(machine.root).filter(({ description }) => !description)
    expect(silent.map(({ id }) => id)).toEqual([])
  })

  test("no label holds what Mermaid cannot read", () => {
    const labels = toMermaid(machine)
      .split("\n")
      .flatMap((line) => line.split(" : ").slice(1))
    expect(labels.length).toBeGreaterThan(3)
    expect(labels.filter((label) => /[:;#]/.test(label))).toEqual([])
  })
})
