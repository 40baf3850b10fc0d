import { lstatSync } from "node:fs"
import { join } from "node:path"
import { parentPort, workerData } from "node:worker_threads"
import { CameraComparison, type Finding } from "./CameraComparison.ts"
import { type CameraListing, listCamera, listRoot } from "./listDirectories.ts"
import type { CompareAnswer, ConfirmAnswer, RepairAnswer, RepairRequest } from "./repairMessages.ts"

// The thread of one pass: it walks the recordings directory and reads its files, and a disk that hangs hangs it
// alone. It imports no library, so that it starts at once. One answer to each request, in order.
if (parentPort === null) throw new Error("repairWorker.ts runs in a worker thread only")
const port = parentPort
const recordingsDirectory = String(workerData)

/** Files of one answer, and of one transaction. */
const answerFiles = 500

let listing: CameraListing | null = null
let comparison: { readonly camera: CameraComparison; readonly findings: Generator<Finding, void> } | null =
  null

const nextAnswer = (): CompareAnswer => {
  if (comparison === null) throw new Error("nothing is compared")
  const { camera, findings } = comparison
  const found: Array<Finding> = []
  let isEnd = false
  while (!isEnd && found.length < answerFiles) {
    const next = findings.next()
    if (next.done === true) isEnd = true
    else found.push(next.value)
  }
  return {
    type: "compared",
    adopted: found.flatMap((one) => (one.type === "adopt" ? [one.summary] : [])),
    reread: found.flatMap((one) => (one.type === "reread" ? [one.summary] : [])),
    restored: found.filter((one) => one.type === "reread" && one.isRestored).length,
    absent: found.flatMap((one) => (one.type === "absent" ? [one.path] : [])),
    hollow: found.flatMap((one) => (one.type === "hollow" ? [one.path] : [])),
    unowned: found.flatMap((one) => (one.type === "unowned" ? [one.path] : [])),
    errors: found.flatMap((one) => (one.type === "error" ? [one.error] : [])),
    end: isEnd ? camera.end : null,
  }
}

const isAbsent = (path: string): boolean =>
  lstatSync(join(recordingsDirectory, path), { throwIfNoEntry: false }) === undefined

/** What cannot be looked at now is not absent. */
const confirmed = (paths: ReadonlyArray<string>): ConfirmAnswer => ({
  type: "confirmed",
  absent: paths.filter((path) => {
    try {
      return isAbsent(path)
    } catch {
      return false
    }
  }),
})

const obey = (request: RepairRequest): RepairAnswer => {
  switch (request.type) {
    case "root":
      return listRoot(recordingsDirectory, request)
    case "list":
      listing = listCamera(recordingsDirectory, request)
      return { type: "listed", days: listing.changedDays }
    case "compare": {
      if (listing === null) throw new Error("nothing is listed")
      const camera = new CameraComparison(recordingsDirectory, listing, request)
      listing = null
      comparison = { camera, findings: camera.findings() }
      return nextAnswer()
    }
    case "more":
      return nextAnswer()
    case "confirm":
      return confirmed(request.paths)
  }
}

port.on("message", (request: RepairRequest) => port.postMessage(obey(request)))
