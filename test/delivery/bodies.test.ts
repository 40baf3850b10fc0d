import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { alertmanagerBody } from "../../src/delivery/alertmanagerBody.ts"
import { notificationText } from "../../src/delivery/notificationText.ts"
import { plainBody } from "../../src/delivery/plainBody.ts"
import { alertOf, endedAt, notificationOf, uuid } from "./notifications.ts"

describe("the plain body", () => {
  it("holds the notification in snake_case, with times in RFC 3339", () => {
    const acknowledged = { acknowledgedAtMillis: endedAt, acknowledgedBy: "ana", note: "on it" }
    expect(plainBody(notificationOf(7, [alertOf(3, { endedAtMillis: endedAt, ...acknowledged })]))).toEqual({
      id: uuid(7),
      kind: "recording_stopped",
      created_at: "2026-01-14T15:01:01.000Z",
      text: "Recording stopped is over, camera 3: no fragment for 60 s",
      alerts: [
        {
          id: uuid(1003),
          kind: "recording_stopped",
          severity: "critical",
          camera_id: 3,
          detail: "no fragment for 60 s",
          since: "2026-01-14T15:00:00.000Z",
          raised_at: "2026-01-14T15:01:00.000Z",
          ended_at: "2026-01-14T15:05:00.000Z",
          acknowledged_at: "2026-01-14T15:05:00.000Z",
          acknowledged_by: "ana",
          note: "on it",
        },
      ],
    })
  })

  it("has null where there is nothing", () => {
    const [alert] = plainBody(notificationOf(7, [alertOf(null)])).alerts
    expect(alert).toMatchObject({ camera_id: null, ended_at: null, acknowledged_at: null, note: null })
  })
})

describe("the text for people", () => {
  it("tells one alert", () => {
    expect(notificationText(notificationOf(1, [alertOf(3)]))).toBe(
      "Recording stopped (critical), camera 3: no fragment for 60 s",
    )
    const disk = alertOf(null, {
      kind: "disk_warning",
      severity: "warning",
      detail: "82 % of the disk is used",
    })
    expect(notificationText(notificationOf(1, [disk]))).toBe(
      "Disk warning (warning): 82 % of the disk is used",
    )
  })

  it("counts many, and lists no more than 20 cameras", () => {
    const cameras = Array.from({ length: 40 }, (_, index) => alertOf(40 - index))
    expect(notificationText(notificationOf(1, cameras))).toBe(
      "Recording stopped: 40 raised (cameras 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 20 more)",
    )
    expect(notificationText(notificationOf(1, [alertOf(1), alertOf(2, { endedAtMillis: endedAt })]))).toBe(
      "Recording stopped: 1 raised (camera 1), 1 ended (camera 2)",
    )
  })
})

describe("the body of Alertmanager", () => {
  it("is as its documentation shows, with a status for each alert", () => {
    const body = alertmanagerBody(
      notificationOf(7, [alertOf(1), alertOf(2, { endedAtMillis: endedAt })]),
      "webhook",
    )
    expect(body).toEqual({
      version: "4",
      receiver: "webhook",
      status: "firing",
      groupKey: '{}:{alertname="VigiaRecordingStopped"}',
      groupLabels: { alertname: "VigiaRecordingStopped" },
      commonLabels: { alertname: "VigiaRecordingStopped", severity: "critical" },
      commonAnnotations: {},
      externalURL: "",
      truncatedAlerts: 0,
      alerts: [
        {
          status: "firing",
          labels: { alertname: "VigiaRecordingStopped", severity: "critical", camera_id: "1" },
          annotations: {
            summary: "Recording stopped (critical), camera 1: no fragment for 60 s",
            alert_id: uuid(1001),
          },
          startsAt: "2026-01-14T15:00:00.000Z",
          endsAt: "0001-01-01T00:00:00Z",
          generatorURL: "",
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
        {
          status: "resolved",
          labels: { alertname: "VigiaRecordingStopped", severity: "critical", camera_id: "2" },
          annotations: {
            summary: "Recording stopped is over, camera 2: no fragment for 60 s",
            alert_id: uuid(1002),
          },
          startsAt: "2026-01-14T15:00:00.000Z",
          endsAt: "2026-01-14T15:05:00.000Z",
          generatorURL: "",
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
      ],
    })
  })

  it("groups by the kind, however many cameras are listed, and has no camera for the service", () => {
    // A group of one camera would be another incident than that of the notification which listed it with others.
    const own = alertmanagerBody(notificationOf(1, [alertOf(5)]), "webhook")
    expect(own.groupKey).toBe('{}:{alertname="VigiaRecordingStopped"}')
    expect(own.groupLabels).toEqual({ alertname: "VigiaRecordingStopped" })
    const service = alertmanagerBody(notificationOf(1, [alertOf(null, { kind: "database_away" })]), "webhook")
    expect(service.groupLabels).toEqual({ alertname: "VigiaDatabaseAway" })
    expect(service.alerts[0]?.labels).not.toHaveProperty("camera_id")
  })

  it("fires while an alert of the kind stands that it does not list", () => {
    const ended = notificationOf(1, [alertOf(1, { endedAtMillis: endedAt })])
    const statusOf = (isStanding: boolean) => alertmanagerBody({ ...ended, isStanding }, "webhook").status
    expect([statusOf(true), statusOf(false)]).toEqual(["firing", "resolved"])
    expect(alertmanagerBody(ended, "webhook").status).toBe("resolved")
  })

  it("gives the end of an alert the fingerprint of its start, and another camera another one", () => {
    const fingerprintOf = (cameraId: number, endedAtMillis: number | null) =>
      alertmanagerBody(notificationOf(1, [alertOf(cameraId, { endedAtMillis })]), "webhook").alerts[0]
        ?.fingerprint
    expect(fingerprintOf(1, null)).toBe(fingerprintOf(1, endedAt))
    expect(fingerprintOf(1, null)).not.toBe(fingerprintOf(2, null))
  })

  it("is resolved as a whole only when all are; all labels and annotations are text, common ones are in each", () => {
    const alert = fc.record({ cameraId: fc.option(fc.nat(5)), isOver: fc.boolean() })
    fc.assert(
      fc.property(fc.array(alert, { minLength: 1, maxLength: 50 }), (drawn) => {
        const alerts = drawn.map(({ cameraId, isOver }) =>
          alertOf(cameraId, { endedAtMillis: isOver ? endedAt : null }),
        )
        const body = alertmanagerBody(notificationOf(1, alerts), "webhook")
        expect(body.status).toBe(drawn.every(({ isOver }) => isOver) ? "resolved" : "firing")
        expect(body.alerts.map(({ status }) => status === "resolved")).toEqual(
          drawn.map(({ isOver }) => isOver),
        )
        for (const { labels, annotations } of body.alerts) {
          expect(labels).toMatchObject(body.commonLabels)
          expect(labels).toMatchObject(body.groupLabels)
          expect(annotations).toMatchObject(body.commonAnnotations)
          for (const value of Object.values({ ...labels, ...annotations })) expect(value).toBeTypeOf("string")
        }
      }),
      { seed: 5, numRuns: 200 },
    )
  })
})
