# shellcheck shell=bash
# For scripts that test: a scratch folder, and that nothing outlives the script, whatever ends it.

# Ends every job. One that still ran would keep the script's output open, and with it whoever reads that: ctest would
# wait for its end. A job of its own process group (set -m) is ended whole.
end_jobs() {
    local job
    for job in $(jobs -p); do
        kill -- "-$job" 2> /dev/null || kill "$job" 2> /dev/null || true
    done
}

# enter_scratch: makes the folder $scratch and enters it; at the end of the script jobs end and the folder goes
enter_scratch() {
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/drone-test.XXXXXX")
    trap 'end_jobs; rm -rf "$scratch"' EXIT
    cd "$scratch" || exit 1
}

# until_bytes COUNT FILE JOB: waits until the file has so many bytes, as long as it takes; fails when the job ends before
until_bytes() {
    until [ "$(stat -c %s "$2" 2> /dev/null || echo 0)" -ge "$1" ]; do
        kill -0 "$3" 2> /dev/null || return 1
        sleep 0.02
    done
}
