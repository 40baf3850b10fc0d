/**
 * Installs what a fresh machine lacks, then does nothing on every later start.
 *
 * Runs before anything is installed and on Node 20, so it is plain JavaScript without a dependency:
 * the packages of the lock file (Node 24 is one of them) and FFmpeg; with `--for-tests` also the
 * programs that only the tests use. Without the right to install, it says in one line what is missing.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..")
const forTests = process.argv.includes("--for-tests")

if (process.argv.includes("--help")) {
  process.stdout.write(
    "usage: npm run setup [-- --for-tests]\n" +
      "Installs the packages of package-lock.json and, as root or with passwordless sudo, FFmpeg.\n" +
      "--for-tests also installs what only the tests use: faketime, GStreamer's RTSP server, Chromium, and promtool in test/.cache.\n",
  )
  process.exit(0)
}

/** @param {string} sentence */
const stop = (sentence) => {
  process.stderr.write(`setup: ${sentence}\n`)
  process.exit(1)
}

/** @param {string} sentence */
const say = (sentence) => process.stderr.write(`setup: ${sentence}\n`)

if (Number(process.versions.node.split(".")[0]) < 20) {
  stop(`Node ${process.versions.node} is too old: install Node 20 or newer (Node 24 itself comes with npm).`)
}

// Only the packages that were installed from exactly this lock file are current.
const stampPath = join(root, "node_modules", ".vigia-setup")
const lockHash = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .update(process.arch)
  .digest("hex")
if (!existsSync(stampPath) || readFileSync(stampPath, "utf8") !== lockHash) {
  say("installing the npm packages (about half a minute) ...")
  // Not `npm ci`: it insists on an entry for every platform's binary, also those a mirror does not carry.
  // `--no-save` keeps the lock file as it is. The first run is by an older Node than the one being
  // installed, so engine warnings would only confuse.
  const install = spawnSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  })
  if (install.status !== 0) stop("`npm install` failed; its message is above.")
  writeFileSync(stampPath, lockHash)
}

const onPath = (/** @type {string} */ program) =>
  (process.env["PATH"] ?? "").split(":").some((folder) => folder !== "" && existsSync(join(folder, program)))

/** Debian package -> a fact that shows it is there. */
const wanted = [
  {
    name: "ffmpeg",
    present: process.env["FFMPEG_PATH"] !== undefined || (onPath("ffmpeg") && onPath("ffprobe")),
  },
  ...(forTests
    ? [
        { name: "faketime", present: onPath("faketime") },
        { name: "python3-gi", present: existsSync("/usr/lib/python3/dist-packages/gi") },
        {
          name: "gir1.2-gst-rtsp-server-1.0",
          present: ["x86_64", "aarch64"].some((machine) =>
            existsSync(`/usr/lib/${machine}-linux-gnu/girepository-1.0/GstRtspServer-1.0.typelib`),
          ),
        },
        ...["base", "good", "ugly"].map((set) => ({
          name: `gstreamer1.0-plugins-${set}`,
          present: existsSync(`/usr/share/doc/gstreamer1.0-plugins-${set}`),
        })),
      ]
    : []),
]
const missing = wanted.filter((item) => !item.present).map((item) => item.name)

const isRoot = process.getuid?.() === 0
const hasSudo = () => !isRoot && spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0
const apt = (/** @type {string[]} */ ...args) => {
  const command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", ...args]
  const [program = "env", ...rest] = isRoot ? command : ["sudo", "-n", ...command]
  return spawnSync(program, rest, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
}

/** Installs Debian packages, with fresh lists where the old ones do not do; answers what apt-get complained about, or null. */
const installPackages = (/** @type {string[]} */ names) => {
  const install = () => apt("install", "-y", "--no-install-recommends", ...names)
  if (install().status === 0) return null
  apt("update")
  const { status, stderr } = install()
  return status === 0 ? null : stderr
}
const mayInstall = () => onPath("apt-get") && (isRoot || hasSudo())

if (missing.length > 0) {
  const byHand = `install these Debian packages: ${missing.join(" ")}`
  if (!mayInstall()) stop(`no right to install programs here: ${byHand}`)
  say(`installing ${missing.join(", ")} with apt-get ...`)
  const complaint = installPackages(missing)
  if (complaint !== null) {
    process.stderr.write(complaint)
    stop(`apt-get failed; ${byHand}`)
  }
}

if (forTests && !["chromium", "chromium-browser", "google-chrome"].some(onPath)) {
  say("installing chromium with apt-get, to play clips in (about 100 MB) ...")
  if (!mayInstall() || installPackages(["chromium"]) !== null)
    say("chromium cannot be installed here (Debian package chromium): the tests that use it are skipped")
}

/** Where the tests look for promtool when the machine has none. */
const promtoolPath = join(root, "test", ".cache", "promtool")

/** Says to the tests that promtool cannot be had here: without it they do not pass without promtool. */
const noPromtoolPath = `${promtoolPath}-missing`

/**
 * Takes promtool out of Debian's package without installing it: that would leave a Prometheus server running.
 *
 * Needs no rights unless the package lists are missing. Answers whether it worked.
 */
const takePromtool = () => {
  const folder = mkdtempSync(join(tmpdir(), "vigia-promtool-"))
  try {
    const download = () =>
      spawnSync("apt-get", ["-qq", "download", "prometheus"], { cwd: folder, stdio: "ignore" }).status === 0
    if (!download()) {
      if (isRoot || hasSudo()) apt("update")
      if (!download()) return false
    }
    const [archive = ""] = readdirSync(folder)
    const unpacked = join(folder, "unpacked")
    if (spawnSync("dpkg-deb", ["-x", join(folder, archive), unpacked], { stdio: "ignore" }).status !== 0)
      return false
    mkdirSync(dirname(promtoolPath), { recursive: true })
    return spawnSync("cp", [join(unpacked, "usr", "bin", "promtool"), promtoolPath]).status === 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (forTests) {
  rmSync(noPromtoolPath, { force: true })
  if (!onPath("promtool") && !existsSync(promtoolPath)) {
    say("fetching promtool ...")
    if (!takePromtool()) {
      const sentence =
        "promtool cannot be fetched here (Debian package prometheus): the tests that use it are skipped"
      say(sentence)
      mkdirSync(dirname(noPromtoolPath), { recursive: true })
      writeFileSync(noPromtoolPath, `${sentence}\n`)
    }
  }
}
