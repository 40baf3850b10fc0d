/** Names that Vigia gives. What is named otherwise, or is not what its name says, belongs to nobody we know. */

/** Beside the directories of the cameras: the marker, the lock of the service, and what a new file system holds. */
export const rootNames: ReadonlySet<string> = new Set([".vigia", ".vigia-service", "lost+found"])

/** In the directory of a camera, beside the days. What is in `clips` is never a matter of repair. */
export const cameraNames: ReadonlySet<string> = new Set([".camera", ".protected", ".runs", "clips"])

/** A file of ours that is just being written, or that a crash left so: it takes its name when it is whole. */
const unfinished = /^\.(?:camera|protected|vigia|vigia-service)\.[0-9a-f]{12}$/

/** Whether a name is one of these, or that of such a file before it is whole. */
export const isNamed = (names: ReadonlySet<string>, name: string): boolean =>
  names.has(name) || unfinished.test(name)

const cameraDirectory = /^cam_([1-9]\d{0,9})$/

/** The camera that a directory is named after; null for any other name. */
export const cameraIdOf = (name: string): number | null => {
  const id = cameraDirectory.exec(name)?.[1]
  return id === undefined ? null : Number(id)
}

export const dayName = /^\d{4}-\d\d-\d\d$/

/** `15-20-07` of `15-20-07.mp4`. */
export const recordingName = /^(\d\d-\d\d-\d\d)\.mp4$/

/** `15-20-07` of `15-20-07.idx`. */
export const indexName = /^(\d\d-\d\d-\d\d)\.idx$/
