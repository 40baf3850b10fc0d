/** What a camera can do to a connection of its own, whatever is spoken on it. */
export interface CameraConnection {
  /** Closes in an orderly way (FIN). */
  readonly end: () => void
  /** Closes at once by RST. */
  readonly reset: () => void
}
