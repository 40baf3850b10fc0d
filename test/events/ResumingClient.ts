import * as Schema from "effect/Schema"
import type { HeardEvent } from "./EventClient.ts"
import { changed, EventScene, type StreamClient } from "./EventScene.ts"

const kept = 10_000
const Missed = Schema.Struct({ missed: Schema.NullOr(Schema.Int) })
const Changed = Schema.Struct({ camera_id: Schema.Int })

/** A client that disconnects and resumes, over lives of the service, and accounts for each event by its number. */
export class ResumingClient {
  /** What it was told that is not true, or not in order. */
  readonly faults: Array<string> = []
  #scene: EventScene
  #client: StreamClient
  readonly #scenes: Array<EventScene>
  /** In this life of the service: so many events, of which it heard, or was told that it missed, so many. */
  #published = 0
  #accounted = 0
  /** Until it is told that nobody knows what it missed. */
  #isNewLife = false

  private constructor(scene: EventScene) {
    this.#scene = scene
    this.#scenes = [scene]
    this.#client = scene.client(null)
  }

  static async open(): Promise<ResumingClient> {
    const opened = new ResumingClient(await EventScene.open())
    await opened.#client.take()
    return opened
  }

  publish(events: number): void {
    for (let at = 0; at < events; at += 1) this.#scene.journal.publish(changed((this.#published += 1)))
  }

  /** Takes one text, where there is something to say; answers whether there was. */
  async take(): Promise<boolean> {
    if (this.#accounted >= this.#published && !this.#isNewLife) return false
    await this.#scene.take(this.#client)
    for (const event of this.#client.parser.events.splice(0)) this.#account(event)
    return this.faults.length === 0
  }

  async reconnect(): Promise<void> {
    const { lastEventId } = this.#client.parser
    await this.#client.disconnect()
    this.#client = this.#scene.client(lastEventId)
    this.#client.parser.lastEventId = lastEventId
    await this.#client.take()
  }

  /** The service begins another life, without what it remembered. */
  async restart(): Promise<void> {
    this.#scene = await EventScene.open()
    this.#scenes.push(this.#scene)
    this.#published = 0
    this.#accounted = 0
    this.#isNewLife = true
    await this.reconnect()
  }

  async close(): Promise<void> {
    await this.#client.disconnect()
    for (const scene of this.#scenes) await scene.dispose()
  }

  #account({ type, data }: HeardEvent): void {
    if (type === "missed") {
      const { missed } = Schema.decodeUnknownSync(Missed)(data)
      if ((missed === null) !== this.#isNewLife) this.faults.push(`told that it missed ${missed}`)
      this.#accounted += missed ?? Math.max(0, this.#published - kept)
      this.#isNewLife = false
      return
    }
    const { camera_id } = Schema.decodeUnknownSync(Changed)(data)
    this.#accounted += 1
    if (camera_id !== this.#accounted || this.#isNewLife) {
      this.faults.push(`heard ${camera_id} where ${this.#accounted} was next`)
    }
  }
}
