import type { AnyStateMachine, AnyTransitionDefinition, StateNode } from "xstate"

type Node = AnyStateMachine["root"]

/** An edge between two states that stand side by side, so that Mermaid can draw it. */
interface Edge {
  readonly from: Node
  readonly to: Node
  readonly label: string
}

/**
 * Draws a machine as a Mermaid `stateDiagram-v2`, with events, delays and guards on the edges.
 *
 * Mermaid draws no edge between inner states of different composites: such an edge joins the composites, and its
 * label names the inner states. Transitions without a target are drawn on states without children only.
 */
export function toMermaid(machine: AnyStateMachine): string {
  const edges = statesOf(machine.root).flatMap(edgesOf)
  return ["stateDiagram-v2", ...drawChildren(machine.root, edges, "  ")].join("\n") + "\n"
}

/** The states of a machine and their descriptions as an aligned Markdown table, in the order of the machine. */
export function toStateTable(machine: AnyStateMachine): string {
  const cells = statesOf(machine.root).map((node) => [`\`${nameOf(node)}\``, node.description ?? ""] as const)
  const rows = [["state", "meaning"] as const, ...cells]
  const nameWidth = Math.max(...rows.map(([name]) => name.length))
  const meaningWidth = Math.max(...rows.map(([, meaning]) => meaning.length))
  const rule = `| ${"-".repeat(nameWidth)} | ${"-".repeat(meaningWidth)} |`
  const lines = rows.map(
    ([name, meaning]) => `| ${name.padEnd(nameWidth)} | ${meaning.padEnd(meaningWidth)} |`,
  )
  return lines.toSpliced(1, 0, rule).join("\n") + "\n"
}

/** Every state below a node, outer before inner. */
export function statesOf(node: Node): ReadonlyArray<Node> {
  return childrenOf(node).flatMap((child) => [child, ...statesOf(child)])
}

const childrenOf = (node: Node): ReadonlyArray<Node> => Object.values(node.states)
const nameOf = (node: Node) => node.path.join(".")
const drawnIdOf = (node: Node) => node.path.join("_")

function drawChildren(parent: Node, edges: ReadonlyArray<Edge>, indent: string): ReadonlyArray<string> {
  if (parent.type === "parallel") {
    return childrenOf(parent).flatMap((region, index) => [
      ...(index === 0 ? [] : [`${indent}--`]),
      ...drawChildren(region, edges, indent),
    ])
  }
  const children = childrenOf(parent)
  const initial = parent.initial.target.map((target: StateNode) => `${indent}[*] --> ${drawnIdOf(target)}`)
  const drawn = children.flatMap((child) => {
    const title = `${indent}state "${child.key}" as ${drawnIdOf(child)}`
    if (child.type === "final") return [title, `${indent}${drawnIdOf(child)} --> [*]`]
    if (childrenOf(child).length === 0) return [title]
    return [`${title} {`, ...drawChildren(child, edges, `${indent}  `), `${indent}}`]
  })
  const between = children.flatMap((from) =>
    children.flatMap((to) => {
      const labels = edges.filter((edge) => edge.from === from && edge.to === to).map(({ label }) => label)
      const label = [...new Set(labels)].join("<br/>")
      return label === "" ? [] : [`${indent}${drawnIdOf(from)} --> ${drawnIdOf(to)} : ${label}`]
    }),
  )
  return [...initial, ...drawn, ...between]
}

function edgesOf(source: Node): ReadonlyArray<Edge> {
  const transitions: ReadonlyArray<AnyTransitionDefinition> = [
    ...(source.always ?? []),
    ...[...source.transitions.values()].flat(),
  ]
  return transitions.flatMap((transition) => {
    const targets: ReadonlyArray<Node> = transition.target ?? [source]
    const drawable = transition.target !== undefined || childrenOf(source).length === 0
    return drawable ? targets.map((target) => sideBySide(source, target, wordsOf(transition))) : []
  })
}

/** Lifts both ends until they are children of one parent. */
function sideBySide(source: Node, target: Node, words: string): Edge {
  const sources = lineageOf(source)
  const targets = lineageOf(target)
  const fork = sources.findIndex((node, depth) => node !== targets[depth])
  const depth = fork === -1 ? sources.length - 1 : fork
  const from = sources[depth] ?? source
  const to = targets[depth] ?? target
  const inner = [
    ...(from === source ? [] : [`in ${source.path.slice(depth + 1).join(".")}`]),
    ...(to === target ? [] : [`to ${target.path.slice(depth + 1).join(".")}`]),
  ]
  return { from, to, label: inner.length === 0 ? words : `${words} (${inner.join(", ")})` }
}

/** The node and those around it, outermost first, without the root. */
function lineageOf(node: Node): ReadonlyArray<Node> {
  const parent: Node | undefined = node.parent
  return parent === undefined ? [] : [...lineageOf(parent), node]
}

function wordsOf(transition: AnyTransitionDefinition): string {
  const guard: unknown = transition.guard
  const name =
    typeof guard === "string"
      ? guard
      : typeof guard === "object" && guard !== null && "type" in guard
        ? String(guard.type)
        : null
  const event = eventWords(transition.eventType)
  return name === null ? event : `${event} [${name}]`
}

/** Turns the names that XState gives to its own events into words; Mermaid allows no colon in a label. */
function eventWords(eventType: string): string {
  if (eventType === "") return "always"
  return eventType
    .replace(/^xstate\.after\.([^.]+)\..*$/, "after $1")
    .replace(/^xstate\.done\.actor\.(.*)$/, "$1 done")
    .replace(/^xstate\.error\.actor\.\*$/, "actor failed")
    .replace(/^xstate\.error\.actor\.(.*)$/, "$1 failed")
}
