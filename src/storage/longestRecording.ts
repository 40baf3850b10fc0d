/**
 * No recording lasts longer: a segment has at most 24 h (`RECORDING_SEGMENT_DURATION`) and is cut at the next keyframe.
 *
 * What overlaps a range began at most this long before it. Without that bound an index by start would be read from
 * the camera's first recording on.
 */
export const longestRecordingMillis = 25 * 3_600_000
