import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * Recordings that exports read, or wait to read: they are not deleted until these have ended.
 *
 * Exports hold and release, the deletion asks; paths are relative to the recordings directory.
 */
export class ExportSources extends Context.Service<
  ExportSources,
  {
    /** In place of what the export held before. */
    hold(clipId: string, filePaths: ReadonlyArray<string>): void
    release(clipId: string): void
    /** Of all exports. */
    held(): ReadonlySet<string>
  }
>()("vigia/storage/ExportSources") {
  static readonly layer: Layer.Layer<ExportSources> = Layer.effect(
    ExportSources,
    Effect.sync(() => {
      const pathsOf = new Map<string, ReadonlyArray<string>>()
      return ExportSources.of({
        hold: (clipId, filePaths) => void pathsOf.set(clipId, filePaths),
        release: (clipId) => void pathsOf.delete(clipId),
        held: () => new Set([...pathsOf.values()].flat()),
      })
    }),
  )
}
