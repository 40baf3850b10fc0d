/** A fragment that came later than usual. */
interface LateFragment {
  /** Its arrival minus its end on the even clock. */
  readonly residualMillis: number
  /** Where it ends on the even clock; `null` for one of an earlier file or life. */
  readonly trueMillis: number | null
}

/** Two fragments that end closer together are late by the same, also where FFmpeg wrote both at its end. */
const apartMillis = 250

/** Whether a short fragment followed another sooner than a camera sends it. */
export const cameAtOnce = (before: LateFragment, last: LateFragment): boolean => {
  if (before.trueMillis === null || last.trueMillis === null) return false
  const apart = last.trueMillis - before.trueMillis
  return apart <= apartMillis && last.residualMillis - before.residualMillis < -apart / 2
}
