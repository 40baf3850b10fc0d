import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { LineCounter, isNode, parseDocument } from "yaml"
import { Transport } from "../domain/Camera.ts"
import { CameraUrl } from "../domain/cameraUrl.ts"
import { QuotaBytes, RetentionDays } from "../domain/limits.ts"
import { Plan } from "../domain/Plan.ts"

/** An entry of the cameras file is not usable; the message names its line, never its value. */
export class InvalidCamerasFile extends Schema.TaggedError<InvalidCamerasFile>()("InvalidCamerasFile", {
  message: Schema.String,
}) {}

const Name = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200))

const CameraEntry = Schema.Struct({
  name: Name,
  url: CameraUrl,
  transport: Schema.optionalKey(Transport),
  recording_enabled: Schema.optionalKey(Schema.Boolean),
  retention_days: Schema.optionalKey(RetentionDays),
  quota_bytes: Schema.optionalKey(QuotaBytes),
})

const OwnerEntry = Schema.Struct({
  name: Name,
  plan: Plan,
  quota_bytes: Schema.optionalKey(QuotaBytes),
  cameras: Schema.Array(CameraEntry),
})

const CamerasFile = Schema.Struct({ owners: Schema.Array(OwnerEntry) })
/**
 * Owners and their cameras, as `CAMERAS_FILE` lists them. Names identify: they must not repeat.
 *
 * A quota or retention that is left out stays as it is; null takes it away.
 */
export type CamerasFile = typeof CamerasFile.Type

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

const repeated = (names: ReadonlyArray<string>): number =>
  names.findIndex((name, at) => names.indexOf(name) !== at)

/** Where a name repeats, as a path into the document. */
const repetition = (file: CamerasFile): ReadonlyArray<string | number> | null => {
  const owner = repeated(file.owners.map(({ name }) => name))
  if (owner >= 0) return ["owners", owner, "name"]
  for (const [at, { cameras }] of file.owners.entries()) {
    const camera = repeated(cameras.map(({ name }) => name))
    if (camera >= 0) return ["owners", at, "cameras", camera, "name"]
  }
  return null
}

/** Retention that the plan of its owner does not allow: paths into the document, with what is allowed. */
const overlongRetention = (
  { owners }: CamerasFile,
  planDays: Readonly<Record<Plan, number>>,
): ReadonlyArray<{ readonly path: ReadonlyArray<string | number>; readonly message: string }> =>
  owners.flatMap(({ plan, cameras }, at) =>
    cameras.flatMap(({ retention_days: days = null }, camera) =>
      days === null || days <= planDays[plan]
        ? []
        : [
            {
              path: ["owners", at, "cameras", camera, "retention_days"],
              message: `expected 1 to ${planDays[plan]}, as the plan ${plan} allows, or null`,
            },
          ],
    ),
  )

/** Reads the YAML text of a cameras file; every fault is told with its line. */
export const parseCamerasFile = (
  text: string,
  planDays: Readonly<Record<Plan, number>>,
): Result.Result<CamerasFile, InvalidCamerasFile> => {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const lineAt = (path: ReadonlyArray<PropertyKey>): number => {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const node = document.getIn(path.slice(0, depth), true)
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const fault = (faults: ReadonlyArray<string>) =>
    Result.fail(new InvalidCamerasFile({ message: faults.join("; ") }))

  if (document.errors.length > 0) {
    return fault(
      document.errors.map(({ code, linePos }) => `line ${linePos?.[0].line ?? 1}: not YAML (${code})`),
    )
  }
  const decoded = Schema.decodeUnknownResult(CamerasFile, { errors: "all", onExcessProperty: "error" })(
    document.toJS(),
  )
  if (Result.isFailure(decoded)) {
    return fault(
      issuesOf(decoded.failure.issue).issues.map(({ path = [], message }) => {
        const keys = path.map((part) => (typeof part === "object" ? part.key : part))
        return `line ${lineAt(keys)}: ${keys.map(String).join(".")}: ${message}`
      }),
    )
  }
  const twice = repetition(decoded.success)
  if (twice !== null) return fault([`line ${lineAt(twice)}: ${twice.join(".")}: this name stands twice`])
  const overlong = overlongRetention(decoded.success, planDays)
  return overlong.length === 0
    ? Result.succeed(decoded.success)
    : fault(overlong.map(({ path, message }) => `line ${lineAt(path)}: ${path.join(".")}: ${message}`))
}
