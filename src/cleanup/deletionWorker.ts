import { parentPort, workerData } from "node:worker_threads"
import type { DeletionRequest } from "./deletionMessages.ts"
import { nodeDeletionFileSystem, unlinkRecordings } from "./unlinkRecordings.ts"

/** Entry of the thread that unlinks: its calls wait for the disk, and nothing else does. */
const recordingsDirectory = String(workerData)

parentPort?.on("message", (request: DeletionRequest) => {
  parentPort?.postMessage(unlinkRecordings(recordingsDirectory, request, nodeDeletionFileSystem), [])
})
