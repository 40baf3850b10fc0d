import type { WriteStream } from "node:tty"
import type { Row } from "./rows.ts"

const columns = [
  ["camera", 21],
  ["state", 11],
  ["cause", 19],
  ["segment", 29],
  ["kb/s", 6],
  ["restarts", 8],
  ["gaps", 5],
  ["recorded", 9],
] as const

const line = (cells: ReadonlyArray<string>): string =>
  columns.map(([, width], at) => (cells[at] ?? "").slice(0, width).padEnd(width)).join(" ")

/** A table that is drawn anew in place on a terminal; elsewhere one is printed every ten seconds. */
export class Screen {
  readonly #output: WriteStream
  readonly #title: ReadonlyArray<string>
  #previous: ReadonlyArray<Row> = []
  #drawn = 0

  constructor(output: WriteStream, title: ReadonlyArray<string>) {
    this.#output = output
    this.#title = title
  }

  show(rows: ReadonlyArray<Row>): void {
    const text = [
      ...this.#title,
      "",
      line(columns.map(([name]) => name)),
      ...rows.map((row) => this.#row(row)),
    ]
    if (this.#output.isTTY) {
      // A wrapped line would count as two when the table is drawn over.
      const fitting = text.map((each) => each.slice(0, this.#output.columns))
      const up = this.#drawn === 0 ? "" : `\u001b[${text.length}A\u001b[J`
      this.#output.write(`${up}${fitting.join("\n")}\n`)
    } else if (this.#drawn % 10 === 0) {
      this.#output.write(`${text.join("\n")}\n\n`)
    }
    this.#drawn += 1
    this.#previous = rows
  }

  #row(row: Row): string {
    const before = this.#previous.find(({ name }) => name === row.name)
    const seconds = before === undefined ? 0 : (row.atMillis - before.atMillis) / 1000
    const kilobits = seconds === 0 ? 0 : ((row.sizeBytes - (before?.sizeBytes ?? 0)) * 8) / 1000 / seconds
    return line([
      row.name,
      row.state,
      row.cause ?? "",
      row.currentFile ?? "",
      kilobits.toFixed(0),
      String(row.failures),
      String(row.gaps),
      `${row.recordedSeconds.toFixed(0)} s`,
    ])
  }
}
