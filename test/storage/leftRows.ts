import type { LeftRows } from "../../src/storage/catalogWrites.ts"

/** Rows that a life left: a file, a period and so many gaps of one camera. */
export const leftRows = (options: {
  readonly gaps: number
  readonly life?: string
  readonly stateNumber?: number
  readonly cameraId?: number
}): LeftRows => {
  const cameraId = options.cameraId ?? 1
  return {
    life: options.life ?? "7d9f2f0e-3f4e-4d57-9d1c-0a6f5f6f1b1a",
    stateNumber: options.stateNumber ?? 1,
    seenAtMillis: 90_000,
    rows: {
      recordings: [
        {
          cameraId,
          filePath: `cam_${cameraId}/1970-01-01/00-00-02.mp4`,
          startMillis: 2000,
          endMillis: 3000,
          sizeBytes: 100,
          runId: "run",
          segmentNumber: 0,
          state: "growing",
          frames: 25,
          missingFrames: null,
          lostPackets: null,
          damagedFramesAtMost: null,
          fragments: 1,
          videoCodec: "avc1",
          audio: "none",
        },
      ],
      gaps: Array.from({ length: options.gaps }, (_, at) => ({
        cameraId,
        identity: `outage/${cameraId}/${at}`,
        startMillis: 3000 + at,
        endMillis: at === options.gaps - 1 ? null : 3001 + at,
        cause: "camera_unreachable",
        detail: at === 0 ? 'refused \u{1F4F7} "quoted"' : null,
      })),
      periods: [{ cameraId, startMillis: 1000, endMillis: null }],
    },
  }
}
