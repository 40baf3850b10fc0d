/** Something that somebody is to be told of one alert. */
export interface TellableChange {
  /** The same as long as it is the same change. */
  readonly key: string
  readonly cameraId: number | null
  /** A critical alert was raised. */
  readonly isUrgent: boolean
}

/** What waits to be told of one kind of alert, and what was told. All times are steady. */
export interface Group {
  /** Since when each change waits, by its key. */
  readonly waiting: ReadonlyMap<string, number>
  readonly sentAtMillis: number | null
  /** When a notification last named a camera, or the service (null). */
  readonly namedAtMillis: ReadonlyMap<number | null, number>
}

export const emptyGroup: Group = { waiting: new Map(), sentAtMillis: null, namedAtMillis: new Map() }

/** A notification waits until nothing was added to it for this long... */
export const groupWaitMillis = 10_000
/** ...but never longer than this: a switch takes its cameras one after another. */
export const longestGroupWaitMillis = 22_000
/** From one notification of a kind to the next. */
export const groupIntervalMillis = 300_000

/** The group with exactly these changes waiting; what it knows already goes on waiting. */
export const regroup = (group: Group, changes: ReadonlyArray<TellableChange>, nowMillis: number): Group => ({
  ...group,
  waiting: new Map(changes.map(({ key }) => [key, group.waiting.get(key) ?? nowMillis])),
})

const settledAtMillis = (since: ReadonlyArray<number>, earliestMillis: number): number =>
  Math.max(
    earliestMillis,
    Math.min(
      Math.max(Math.min(...since), earliestMillis) + longestGroupWaitMillis,
      Math.max(...since) + groupWaitMillis,
    ),
  )

const wasNamedLately = (group: Group, cameraId: number | null, nowMillis: number): boolean => {
  const namedAtMillis = group.namedAtMillis.get(cameraId)
  return namedAtMillis !== undefined && nowMillis - namedAtMillis < groupIntervalMillis
}

/**
 * Whether it is time to tell what waits.
 *
 * A critical alert of a camera that nobody heard of lately does not wait for the interval.
 */
export const isDue = (group: Group, changes: ReadonlyArray<TellableChange>, nowMillis: number): boolean => {
  const since = (some: ReadonlyArray<TellableChange>) =>
    some.map(({ key }) => group.waiting.get(key) ?? nowMillis)
  if (changes.length === 0) return false
  const urgent = changes.filter(
    ({ isUrgent, cameraId }) => isUrgent && !wasNamedLately(group, cameraId, nowMillis),
  )
  if (urgent.length > 0) return nowMillis >= settledAtMillis(since(urgent), -Infinity)
  const earliestMillis = group.sentAtMillis === null ? -Infinity : group.sentAtMillis + groupIntervalMillis
  return nowMillis >= settledAtMillis(since(changes), earliestMillis)
}

/** The group after everything that waited was told. */
export const told = (group: Group, changes: ReadonlyArray<TellableChange>, nowMillis: number): Group => ({
  waiting: new Map(),
  sentAtMillis: nowMillis,
  namedAtMillis: new Map([
    ...[...group.namedAtMillis].filter(([cameraId]) => wasNamedLately(group, cameraId, nowMillis)),
    ...changes.map(({ cameraId }) => [cameraId, nowMillis] as const),
  ]),
})
