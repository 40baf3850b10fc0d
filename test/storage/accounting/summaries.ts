import type { SegmentSummary } from "../../../src/domain/Segment.ts"

/** A plain summary of camera 1; what a test does not care about has a fixed value. */
export const summary = (
  about: Partial<SegmentSummary> & Pick<SegmentSummary, "startedAtMillis" | "endedAtMillis">,
): SegmentSummary => {
  const { cameraId = 1, runId = "run-1", number = 0 } = about
  return {
    cameraId,
    runId,
    number,
    filePath: `cam_${cameraId}/${runId}/${number}.mp4`,
    state: "growing",
    sizeBytes: 1000,
    fragments: 1,
    frames: 25,
    missingFrames: 0,
    lostPackets: null,
    damagedFramesAtMost: null,
    videoSampleEntry: "avc1",
    audio: "none",
    holes: [],
    clockStepMillis: 0,
    ...about,
  }
}
