import type { AudioProfile } from "./clipProfiles.ts"

/** Which payload type and interleaved channel the packets of a track carry. */
export interface PacketLabel {
  readonly payloadType: number
  readonly channel: number
}

/** Video is track 0 on channels 0 and 1, audio track 1 on channels 2 and 3, unless a client asks otherwise. */
export const videoLabel: PacketLabel = { payloadType: 96, channel: 0 }

/** The label of an audio track. */
export const audioLabel = ({ payloadType }: AudioProfile): PacketLabel => ({ payloadType, channel: 2 })
