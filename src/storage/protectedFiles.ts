import { readFile } from "node:fs/promises"
import { join } from "node:path"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { errorCode } from "../domain/errorCode.ts"
import { writeAtomically } from "./writeAtomically.ts"

/** Whose recordings they are: paths are relative to the recordings directory, and begin with the camera's own. */
export interface ProtectedCamera {
  readonly id: number
  readonly identity: string
}

/** The `.protected` file of a camera's directory: `damaged` where it is no such file, `foreign` where it is another's. */
export type ProtectedFiles =
  | { readonly kind: "read"; readonly filePaths: ReadonlyArray<string> }
  | { readonly kind: "damaged" }
  | { readonly kind: "foreign" }

const FilePath = Schema.String.check(
  Schema.makeFilter((text: string) => (text.isWellFormed() && !text.includes("\0") ? undefined : "no path")),
)

/** The `.protected` file, as JSON: what of a camera nothing but a person deletes. */
const ProtectedText = Schema.fromJsonString(
  Schema.Struct({ camera_identity: Schema.String, protected: Schema.Array(FilePath) }),
)
const decode = Schema.decodeUnknownOption(ProtectedText)

/** What the text of a `.protected` file says. */
export const protectedFilesIn = (textOnDisk: string, camera: ProtectedCamera): ProtectedFiles => {
  const text = Option.getOrNull(decode(textOnDisk))
  if (text === null) return { kind: "damaged" }
  if (text.camera_identity !== camera.identity) return { kind: "foreign" }
  const isOwn = (filePath: string): boolean => filePath.startsWith(`cam_${camera.id}/`)
  return { kind: "read", filePaths: text.protected.filter(isOwn) }
}

const pathOf = (recordingsDirectory: string, { id }: ProtectedCamera): string =>
  join(recordingsDirectory, `cam_${id}`, ".protected")

/** Reads which recordings of a camera are protected: none where there is no file. Rejects with errors of the disk. */
export const readProtectedFiles = async (
  recordingsDirectory: string,
  camera: ProtectedCamera,
): Promise<ProtectedFiles> => {
  try {
    return protectedFilesIn(await readFile(pathOf(recordingsDirectory, camera), "utf8"), camera)
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR")
      return { kind: "read", filePaths: [] }
    throw error
  }
}

/** Replaces what is protected as a whole, and brings it onto the medium. Rejects with errors of the disk. */
export const writeProtectedFiles = (
  recordingsDirectory: string,
  camera: ProtectedCamera,
  filePaths: ReadonlyArray<string>,
): Promise<void> => {
  const text = { camera_identity: camera.identity, protected: filePaths.toSorted() }
  return writeAtomically(pathOf(recordingsDirectory, camera), `${JSON.stringify(text, null, 2)}\n`, 0o640)
}
