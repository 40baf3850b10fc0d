import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import { alertmanagerBody } from "../../src/delivery/alertmanagerBody.ts"
import { EventJournal } from "../../src/events/EventJournal.ts"
import type { VigiaEvent } from "../../src/domain/VigiaEvent.ts"
import { type AlertsLife, AlertsScene } from "./AlertsScene.ts"
import { goodCamera, lostCamera, reportOf } from "./healthReports.ts"

let scene = new AlertsScene()
afterEach(() => scene.dispose())

const start = async () => {
  scene = new AlertsScene()
  const life = await scene.live()
  await life.seconds(20)
  return life
}

const publish = (life: AlertsLife, event: VigiaEvent) =>
  life.run(Effect.map(EventJournal, (journal) => journal.publish(event)))

const evicted: VigiaEvent = {
  type: "recordings.evicted",
  cameraId: 3,
  reason: "disk",
  ownerId: 1,
  files: 2,
  sizeBytes: 1e9,
  fromMillis: 0,
  toMillis: 1,
}
const clipDeleted = {
  type: "clip.deleted",
  cameraId: 3,
  clipId: "c",
  name: "Door\u0007 open",
} as const satisfies VigiaEvent

describe("40 cameras", () => {
  it("that fail at once, their last fragments spread over 20 s, are one notification within a minute", async () => {
    const life = await start()
    const lostMillis = scene.nowMillis
    const lost = Array.from({ length: 40 }, (_, at) => lostMillis + at * 500)
    life.report = (now) =>
      reportOf(
        now,
        lost.map((sinceMillis, at) =>
          // A stall is noticed 10 s after the last fragment.
          now - sinceMillis < 10_000 ? goodCamera(at + 1) : lostCamera(at + 1, sinceMillis, now),
        ),
      )
    await life.seconds(600)
    const ids = lost.map((_, at) => at + 1).join(",")
    expect(scene.told).toEqual([`recording_stopped raised ${ids}`])
    const tookMillis = ([...scene.outbox.values()][0]?.createdAtMillis ?? Infinity) - lostMillis
    process.stdout.write(`40 cameras: told ${tookMillis / 1000} s after the first failed\n`)
    expect(tookMillis).toBeLessThanOrEqual(60_000)
  })
})

describe("cameras", () => {
  it("that come back one after another leave one incident open until the last is back", async () => {
    const life = await start()
    const lostMillis = scene.nowMillis
    const backMillis = new Map([
      [1, lostMillis + 100_000],
      [2, lostMillis + 100_000],
      [3, lostMillis + 800_000],
    ])
    life.report = (now) =>
      reportOf(
        now,
        [...backMillis].map(([id, back]) => (now < back ? lostCamera(id, lostMillis, now) : goodCamera(id))),
      )
    await life.seconds(1200)
    expect(scene.told).toEqual([
      "recording_stopped raised 1,2,3",
      "recording_stopped ended 1,2",
      "recording_stopped ended 3",
    ])
    const bodies = [...scene.outbox.values()].map((one) => alertmanagerBody(one, "webhook"))
    expect(bodies.map(({ status }) => status)).toEqual(["firing", "firing", "resolved"])
    expect(new Set(bodies.map(({ groupKey }) => groupKey)).size).toBe(1)
  })

  it("that are lost before somebody is told keep no incident open", async () => {
    const life = await start()
    const lostMillis = scene.nowMillis
    let isSecondLost = false
    life.report = (now) =>
      reportOf(now, [
        now < lostMillis + 100_000 ? lostCamera(1, lostMillis, now) : goodCamera(1),
        isSecondLost ? lostCamera(2, lostMillis, now) : goodCamera(2),
      ])
    await life.with((alerts) =>
      alerts.silence({
        cameraId: 2,
        kind: null,
        fromMillis: 0,
        untilMillis: lostMillis + 900_000,
        comment: "",
      }),
    )
    isSecondLost = true
    await life.seconds(600)
    const bodies = [...scene.outbox.values()].map((one) => alertmanagerBody(one, "webhook"))
    expect(bodies.map(({ status }) => status)).toEqual(["firing", "resolved"])
  })
})

describe("one camera", () => {
  it("that is lost is told of within a minute, whenever reports come", async () => {
    for (let second = 0; second < 5; second++) {
      const life = await start()
      life.report = (now) => reportOf(now, [goodCamera(1)])
      await life.seconds(second)
      const lostMillis = scene.nowMillis
      life.report = (now) =>
        reportOf(now, [now - lostMillis < 10_000 ? goodCamera(1) : lostCamera(1, lostMillis, now)])
      await life.seconds(120)
      const told = [...scene.outbox.values()][0]?.createdAtMillis ?? Infinity
      expect(told - lostMillis).toBeLessThanOrEqual(48_000)
      await scene.dispose()
    }
  })

  it("that flaps causes at most 12 notifications an hour", async () => {
    const life = await start()
    const fromMillis = scene.nowMillis
    // Lost for 40 s of every 70: each time an alert is raised and ended.
    const lostSince = (now: number) => now - ((now - fromMillis) % 70_000)
    life.report = (now) =>
      reportOf(now, [now - lostSince(now) < 45_000 ? lostCamera(1, lostSince(now), now) : goodCamera(1)])
    await life.seconds(3600)
    expect(scene.rows.size).toBeGreaterThan(40)
    expect(scene.outbox.size).toBeGreaterThan(1)
    expect(scene.outbox.size).toBeLessThanOrEqual(12)
  })
})

describe("events", () => {
  it("tell of a deleted clip at once, and that it is over after 5 minutes", async () => {
    const life = await start()
    await publish(life, clipDeleted)
    await life.seconds(60)
    expect(scene.told).toEqual(["clip_deleted raised 3"])
    await life.seconds(900)
    expect([...scene.rows.values()]).toMatchObject([
      {
        kind: "clip_deleted",
        cameraId: 3,
        detail: "the clip Door open was deleted",
        endedAtMillis: expect.any(Number),
      },
    ])
    expect(scene.told).toEqual(["clip_deleted raised 3", "clip_deleted ended 3"])
    expect(scene.sends).toEqual([...scene.outbox.keys()])
    expect(scene.logged).toHaveLength(2)
  })

  it("tell Alertmanager's receivers of each deleted clip by itself, and close what they opened", async () => {
    const life = await start()
    await publish(life, clipDeleted)
    await publish(life, { ...clipDeleted, clipId: "d" })
    await life.seconds(360)
    const bodies = [...scene.outbox.values()].map((one) => alertmanagerBody(one, "webhook"))
    const clips = ["c", "d"].map((clip_id) => ({ labels: { clip_id } }))
    const endsAt = expect.stringMatching(/^2026-01-14T15:00:\d\d/)
    expect(bodies).toMatchObject([
      { status: "firing", alerts: clips.map((clip) => ({ ...clip, status: "firing" })) },
      { status: "resolved", alerts: clips.map((clip) => ({ ...clip, status: "resolved", endsAt })) },
    ])
    const prints = bodies.map(({ alerts }) => alerts.map(({ fingerprint }) => fingerprint))
    expect(prints[0]).toEqual(prints[1])
    expect(new Set(prints[0]).size).toBe(2)
  })

  it("tell of evictions once, until there was none for 15 minutes", async () => {
    const life = await start()
    for (let round = 0; round < 4; round++) {
      await publish(life, evicted)
      await life.seconds(800)
    }
    expect([...scene.rows.values()]).toMatchObject([
      { kind: "eviction", cameraId: null, endedAtMillis: null },
    ])
    await life.seconds(400)
    expect([...scene.rows.values()]).toMatchObject([{ kind: "eviction", endedAtMillis: expect.any(Number) }])
    expect(scene.told).toEqual(["eviction raised service", "eviction ended service"])
    expect(scene.sends).toEqual([...scene.outbox.keys()])
  })
})

describe("a silence", () => {
  it("keeps an alert from being told, not from being raised; it is told when the silence is over", async () => {
    const life = await start()
    const fromMillis = scene.nowMillis
    const silence = {
      cameraId: 1,
      kind: null,
      fromMillis,
      untilMillis: fromMillis + 600_000,
      comment: "new mast",
    }
    await life.with((alerts) => alerts.silence(silence))
    const all = (now: number) =>
      reportOf(now, [lostCamera(1, fromMillis, now), lostCamera(2, fromMillis, now)])
    life.report = all
    await publish(life, { ...clipDeleted, cameraId: 1 })
    await life.seconds(300)
    expect(scene.told).toEqual(["recording_stopped raised 2"])
    const { alerts } = await life.with((service) => service.list({ state: "standing", limit: 10 }))
    expect(new Map(alerts.map(({ cameraId, isSilenced }) => [cameraId, isSilenced]))).toEqual(
      new Map([
        [1, true],
        [2, false],
      ]),
    )
    await life.end()
    const next = await scene.live()
    next.report = all
    await next.seconds(280)
    expect(scene.outbox.size).toBe(1)
    expect(await next.with(({ silences }) => silences)).toMatchObject([silence])
    await next.seconds(60)
    expect(scene.told).toEqual(["recording_stopped raised 2", "recording_stopped raised 1"])
    expect(await next.with(({ silences }) => silences)).toEqual([])
  })

  it("is refused where 1,000 are there already, until one is over or taken back", async () => {
    const life = await start()
    const fromMillis = scene.nowMillis
    const make = (untilMillis: number) =>
      life.with((alerts) => alerts.silence({ cameraId: 1, kind: null, fromMillis, untilMillis, comment: "" }))
    const { id } = await make(fromMillis + 600_000)
    await make(fromMillis + 10_000)
    for (let count = 2; count < 1000; count++) await make(fromMillis + 600_000)
    await expect(make(fromMillis + 600_000)).rejects.toMatchObject({ _tag: "TooManySilences", most: 1000 })
    await life.with((alerts) => alerts.unsilence(id))
    await make(fromMillis + 600_000)
    await life.seconds(11)
    await make(fromMillis + 600_000)
    expect(await life.with(({ silences }) => silences)).toHaveLength(1000)
    await expect(make(fromMillis + 600_000)).rejects.toMatchObject({ _tag: "TooManySilences" })
  })

  it("that is taken back silences no more", async () => {
    const life = await start()
    const fromMillis = scene.nowMillis
    const { id } = await life.with((alerts) =>
      alerts.silence({
        cameraId: null,
        kind: "recording_stopped",
        fromMillis,
        untilMillis: fromMillis + 6e8,
        comment: "",
      }),
    )
    life.report = (now) => reportOf(now, [lostCamera(1, fromMillis, now)])
    await life.seconds(100)
    expect(scene.outbox.size).toBe(0)
    await life.with((alerts) => alerts.unsilence(id))
    await life.seconds(12)
    expect(scene.told).toEqual(["recording_stopped raised 1"])
    await expect(life.with((alerts) => alerts.unsilence(id))).rejects.toMatchObject({
      _tag: "SilenceNotFound",
    })
  })
})

describe("an acknowledgement", () => {
  it("stays with the first who gave it, of standing and of ended alerts", async () => {
    const life = await start()
    const lostMillis = scene.nowMillis
    life.report = (now) => reportOf(now, [lostCamera(1, lostMillis, now)])
    await life.seconds(60)
    const [alert] = await life.with(({ standing }) => standing)
    const id = alert?.id ?? ""
    const ack = (by: string) => life.with((alerts) => alerts.acknowledge(id, by, "ladder ordered"))
    expect(await ack("Ana")).toMatchObject({ acknowledgedBy: "Ana", note: "ladder ordered" })
    expect(await ack("Rui")).toMatchObject({ acknowledgedBy: "Ana" })
    await expect(life.with((alerts) => alerts.acknowledge("no", null, null))).rejects.toMatchObject({
      _tag: "AlertNotFound",
    })
    await publish(life, clipDeleted)
    await life.seconds(400)
    const deleted = [...scene.rows.values()].find(({ kind }) => kind === "clip_deleted")
    await life.with((alerts) => alerts.acknowledge(deleted?.id ?? "", "Rui", null))
    expect(scene.rows.get(deleted?.id ?? "")).toMatchObject({ acknowledgedBy: "Rui" })
    expect(scene.rows.get(id)).toMatchObject({ acknowledgedBy: "Ana", endedAtMillis: null })
  })
})
