import { fakeCamera, fakeReport } from "./fakeReport.ts"
import { MetricsScene, segment } from "./MetricsScene.ts"

/** A scene of this many cameras of which everything is measured, and every histogram has observed something. */
export const openFullScene = async (cameras: number): Promise<MetricsScene> => {
  const ids = Array.from({ length: cameras }, (_, at) => at + 1)
  const report = fakeReport(ids.map((cameraId) => fakeCamera(cameraId)))
  const scene = await MetricsScene.open(report)
  scene.recorded(...ids.map((cameraId) => segment({ cameraId, lostPackets: 3, damagedFramesAtMost: 4 })))
  scene.syncs = { ...scene.syncs, completed: 1, recentMillis: [20] }
  scene.measured(report)
  return scene
}

/** A metric as it is told. */
export interface ToldMetric {
  readonly name: string
  readonly type: string
  readonly help: string
  /** In the order of the alphabet; without `le`. */
  readonly labels: ReadonlyArray<string>
}

const labelsOf = (lines: ReadonlyArray<string>, name: string): ReadonlyArray<string> => {
  const labels = new Set<string>()
  for (const line of lines) {
    const [, told = "", inner = ""] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /.exec(line) ?? []
    if (told !== name && told.replace(/_(bucket|sum|count)$/, "") !== name) continue
    for (const [, label = ""] of inner.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) labels.add(label)
  }
  labels.delete("le")
  return [...labels].toSorted()
}

/** What a scrape in the text of Prometheus tells. */
export const toldMetrics = (text: string): ReadonlyArray<ToldMetric> => {
  const lines = text.split("\n")
  return lines.flatMap((line, at) => {
    const [, name = "", type = ""] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? []
    if (name === "") return []
    const help = (lines[at - 1] ?? "").replace(`# HELP ${name} `, "")
    return [{ name, type, help, labels: labelsOf(lines, name) }]
  })
}
