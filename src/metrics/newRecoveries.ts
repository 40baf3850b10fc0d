/**
 * What was added at the end of a list that keeps only its last values, between two looks at it.
 *
 * Right as long as fewer values come in between than the list keeps.
 */
export const newRecoveries = (
  before: ReadonlyArray<number>,
  after: ReadonlyArray<number>,
): ReadonlyArray<number> => {
  const dropped = before.findIndex((_, from) => before.slice(from).every((value, at) => value === after[at]))
  return dropped < 0 ? after : after.slice(before.length - dropped)
}
