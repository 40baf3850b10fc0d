import * as Schema from "effect/Schema"
import type { GuardSettings, LockRefused } from "./GuardProcess.ts"
import { describeHolder, readHolder, recordingsHolderPath, stateHolderPath } from "./holder.ts"

/** Another service has one of the directories; the message is one line that names the directory and that service. */
export class DirectoriesLocked extends Schema.TaggedError<DirectoriesLocked>()("DirectoriesLocked", {
  directory: Schema.String,
  message: Schema.String,
}) {}

/** Says who has the directory that was refused, as far as its holder file tells. */
export const lockedBy = (settings: GuardSettings, refusal: LockRefused): DirectoriesLocked => {
  const [directory, holderPath] =
    refusal.directory === "recordings"
      ? [settings.recordingDirectory, recordingsHolderPath(settings.recordingDirectory)]
      : [settings.stateDirectory, stateHolderPath(settings.stateDirectory)]
  const who = describeHolder(readHolder(holderPath))
  return new DirectoriesLocked({ directory, message: `${directory} is in use by ${who}` })
}
