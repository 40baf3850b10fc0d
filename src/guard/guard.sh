#!/bin/sh
# The guard of one life of the service: holds the locks on its directories while that life lasts. Afterwards it ends
# the runs that no later life took over within the lease. It is a shell, since it must need next to nothing, live on
# when the service is killed, and hold locks that vanish with it.
#
#   sh guard.sh RECORDING_DIRECTORY STATE_DIRECTORY LEASE_SECONDS NODE WARDEN
#
# Descriptors: 0 a pipe from the service, 1 a pipe to it for the first word, 2 guard.log, 3 the marker of the
# recordings directory, 4 service.lock of the state directory. Exit codes while locking: GuardProcess.ts.
recordings=$1 state=$2 lease_seconds=$3 node=$4 warden=$5

# Until both locks are held, everything that is said is for the service to read.
exec 5>&2 2>&1

# flock(1) locks the open file itself: any process that opens it meets the lock, in any container.
lock() { # descriptor, exit code where another process holds it
  flock -n "$1" && return
  [ $? -eq 1 ] && exit "$2"
  exit 13
}
lock 3 11
lock 4 12

echo locked
exec >&5 2>&5 5>&-

read -r word
[ "$word" = stopped ] && exit 0

# The service is gone without a word. Another may come at once; one that comes back here ends this guard.
exec </dev/null
flock -u 3
flock -u 4
sleep "$lease_seconds" 3>&- 4>&-

elsewhere=
if ! { flock -n 3 && flock -n 4; }; then
  # A service that only tried has given up by then. One that stays is on another machine or in another container:
  # it does not know of the runs here.
  sleep 5 3>&- 4>&-
  { flock -n 3 && flock -n 4; } || elsewhere=--held-elsewhere
fi

"$node" "$warden" --recording-directory "$recordings" --state-directory "$state" $elsewhere && exit 0
[ -n "$elsewhere" ] && exit 1

# The code of a removed service may be gone too: its runs must end all the same.
end_runs() {
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || continue
    case $(tr '\0' '\n' <"$process/cmdline" | tail -n 1) in
      "$recordings"/cam_*/.runs/*/%06d.mp4)
        echo "guard: SIG$1 to the run of pid ${process#/proc/}"
        kill -s "$1" "${process#/proc/}"
        ;;
    esac
  done 2>/dev/null
}
end_runs TERM
sleep 5
end_runs TERM
sleep 2
end_runs KILL
