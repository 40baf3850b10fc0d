import type { MarkedFiles } from "../storage/DeletionStore.ts"

/** Marked files, apart: those that may go, and the paths of those that are held. */
export const withoutHeld = (
  marked: ReadonlyArray<MarkedFiles>,
  held: ReadonlySet<string>,
): { readonly doomed: ReadonlyArray<MarkedFiles>; readonly heldPaths: ReadonlyArray<string> } => {
  // As nearly always: nothing is taken apart for it.
  if (held.size === 0) return { doomed: marked, heldPaths: [] }
  const heldPaths: Array<string> = []
  const doomed = marked.flatMap(({ filePaths, ...camera }) => {
    const paths = Map.groupBy(filePaths.split("\n"), (path) => held.has(path))
    heldPaths.push(...(paths.get(true) ?? []))
    const left = paths.get(false)
    return left === undefined ? [] : [{ ...camera, filePaths: left.join("\n") }]
  })
  return { doomed, heldPaths }
}
