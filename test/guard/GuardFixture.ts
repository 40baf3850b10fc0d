import { type ChildProcess, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { findLivingRuns } from "../../src/recorder/livingRuns.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { endGuardsOf } from "../support/guards.ts"

const service = fileURLToPath(new URL("./lockedService.ts", import.meta.url))
const guardScript = fileURLToPath(new URL("../../src/guard/guard.sh", import.meta.url))

/** One process that a test started. */
export class TestProcess {
  readonly #child: ChildProcess
  #output = ""

  constructor(child: ChildProcess) {
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#output += text))
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get output(): string {
    return this.#output
  }

  get exitCode(): number | null {
    return this.#child.exitCode
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  says(text: string): Promise<unknown> {
    return awaitFact(`the process says ${text}, and not ${this.#output}`, () => this.#output.includes(text))
  }

  ends(): Promise<unknown> {
    return awaitFact(`process ${this.pid} ends`, () => !this.alive)
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.alive) this.#child.kill(signal)
    await this.ends()
  }
}

interface Life {
  readonly recordings?: string
  readonly state?: string
  readonly leaseSeconds?: number
  readonly withDatabase?: boolean
  readonly path?: string
  /** Whether it has pids of its own, as in a container; needs root. */
  readonly isContained?: boolean
}

/** Directories, stand-ins for services and for runs; all that is left of them ends with it. */
export class GuardFixture {
  readonly root: string
  readonly recordings: string
  readonly state: string
  readonly #processes: Array<TestProcess> = []
  readonly #recordings: Array<string> = []

  constructor() {
    this.root = mkdtempSync(join(tmpdir(), "vigia-guard-"))
    chmodSync(this.root, 0o755)
    this.recordings = this.newRecordings("recordings")
    this.state = join(this.root, "state")
  }

  newRecordings(name: string): string {
    const directory = join(this.root, name)
    mkdirSync(directory)
    this.#recordings.push(directory)
    writeFileSync(join(directory, ".vigia"), JSON.stringify({ installation: name }))
    return directory
  }

  get guardLog(): string {
    const path = join(this.state, "guard.log")
    return existsSync(path) ? readFileSync(path, "utf8") : ""
  }

  /** A life of the service that tries to get the directories. */
  begin(life: Life = {}): TestProcess {
    const { recordings = this.recordings, state = this.state, leaseSeconds = 600 } = life
    const program = [
      ...(life.isContained === true ? ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"] : []),
      process.execPath,
    ]
    return this.#start(
      program[0] ?? "",
      [
        ...program.slice(1),
        service,
        recordings,
        state,
        String(leaseSeconds * 1000),
        ...(life.withDatabase === true ? [join(this.root, "shared")] : []),
      ],
      "ignore",
      life.path,
    )
  }

  /** A life of the service that has the directories. */
  async start(life: Life = {}): Promise<TestProcess> {
    const started = this.begin(life)
    await started.says("locked\n")
    return started
  }

  /** A process that looks like a run, and ends with the test at the latest. */
  async startRun(options: { readonly ignoresTerm?: boolean } = {}): Promise<TestProcess> {
    const runDirectory = join(this.recordings, "cam_1", ".runs", randomUUID())
    mkdirSync(runDirectory, { recursive: true })
    const script = `${options.ignoresTerm === true ? "trap '' TERM; " : ""}echo started; read -r _`
    const run = this.#start("/bin/sh", ["-c", script, "sh", join(runDirectory, "%06d.mp4")], "pipe")
    await run.says("started")
    return run
  }

  /** A process that is no run, though its command line names the recordings. */
  async startForeign(): Promise<TestProcess> {
    const target = join(this.recordings, "cam_1", "%06d.mp4")
    const foreign = this.#start("/bin/sh", ["-c", "echo started; read -r _", "sh", target], "pipe")
    await foreign.says("started")
    return foreign
  }

  /** Waits for the lock of the recordings; takes it as soon as it is free, until it is killed, and says `started` then. */
  async awaitMarker(): Promise<TestProcess> {
    const script = `exec 3<>"$1"; echo waiting; flock 3; echo started; read -r _`
    const waiting = this.#start("/bin/sh", ["-c", script, "sh", join(this.recordings, ".vigia")], "pipe")
    await waiting.says("waiting")
    return waiting
  }

  /** A guard whose service is gone at once, and so are its code and Node. */
  leaveGuardWithoutCode(leaseSeconds: number): void {
    mkdirSync(this.state, { recursive: true })
    const marker = openSync(join(this.recordings, ".vigia"), "r+")
    const state = openSync(join(this.state, "service.lock"), "w")
    const log = openSync(join(this.state, "guard.log"), "a")
    const gone = [join(this.root, "gone/node"), join(this.root, "gone/warden.ts")]
    spawn("/bin/sh", [guardScript, this.recordings, this.state, String(leaseSeconds), ...gone], {
      detached: true,
      stdio: ["ignore", "ignore", log, marker, state],
    })
    for (const descriptor of [marker, state, log]) closeSync(descriptor)
  }

  livingRuns(): ReadonlyArray<number> {
    return findLivingRuns(this.recordings).map(({ pid }) => pid)
  }

  /** Ends and removes everything. */
  async remove(): Promise<void> {
    for (const started of this.#processes) await started.kill("SIGKILL")
    this.#recordings.forEach(endGuardsOf)
    rmSync(this.root, { recursive: true, force: true })
  }

  #start(
    program: string,
    programArguments: ReadonlyArray<string>,
    stdin: "ignore" | "pipe",
    path = process.env["PATH"] ?? "",
  ): TestProcess {
    const child = spawn(program, programArguments, {
      stdio: [stdin, "pipe", "pipe"],
      env: { PATH: path, LC_ALL: "C" },
    })
    const started = new TestProcess(child)
    this.#processes.push(started)
    return started
  }
}

/** A test on a fixture of its own, so that tests which mostly wait can wait side by side. */
export const withGuards = (test: (fixture: GuardFixture) => Promise<void>) => async (): Promise<void> => {
  const fixture = new GuardFixture()
  try {
    await test(fixture)
  } finally {
    await fixture.remove()
  }
}
