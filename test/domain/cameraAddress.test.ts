import { expect, it } from "vitest"
import { cameraAddress } from "../../src/domain/cameraAddress.ts"

it.each([
  ["rtsp://10.0.0.5:554/live/main", "rtsp://10.0.0.5:554/live/main"],
  ["rtsp://admin:secret@cam.local/live", "rtsp://cam.local/live"],
  ["rtsp://admin:se@cret@cam.local/live", "rtsp://cam.local/live"],
  ["rtsp://cam.local?token=secret", "rtsp://cam.local"],
  ["rtsp://cam.local/live?user=a&password=secret#secret", "rtsp://cam.local/live"],
  ["rtsp://cam.local/ch1/user=admin&password=secret&stream=0.sdp", "rtsp://cam.local/ch1/..."],
  ["rtsp://admin:sec/ret@cam.local/live", "rtsp://..."],
  ["rtsps://[2001:db8::1]:322/a", "rtsps://[2001:db8::1]:322/a"],
  ["secret", ""],
])("shows of %s only %s", (url, shown) => {
  expect(cameraAddress(url)).toBe(shown)
})
