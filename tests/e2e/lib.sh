# shellcheck shell=bash
# For the scripts here: a scratch folder, the tools of the build under test, and few assertions.
#
# DRONE_BUILD (default: build/ of the source tree) is the build whose bin/ is tested.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export DRONE_ROOT=$root
export PATH="${DRONE_BUILD:-$root/build}/bin:$PATH:$root/build/bin"

# shellcheck source=tests/scratch.sh
source "$root/tests/scratch.sh"
enter_scratch

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# same WHAT FILE FILE: their contents are equal
same() {
    diff -u "$2" "$3" >&2 || fail "$1"
}

# refused CODE PATTERN COMMAND...: ends with that code and says so in one line on standard error, which matches
refused() {
    local code=$1 pattern=$2 status=0
    shift 2
    timeout 20 "$@" > refused.out 2> refused.err < /dev/null || status=$?
    local said
    said=$(cat refused.err)
    echo "$* -> $status: $said"
    [ "$status" -eq "$code" ] || fail "exit code $status, not $code: $*"
    [ "$code" -eq 2 ] || [ "$(wc -l < refused.err)" -eq 1 ] || fail "not one line on standard error: $*"
    grep -qE -- "$pattern" refused.err || fail "no \"$pattern\" in what it said: $*"
}

# new_project NAME: a project for the virtual board, entered
new_project() {
    drone new "$1" --board virtual-m4
    cd "$1"
}

uncomment_trace_port() {
    sed -i 's|// \.trace_port|.trace_port|' src/heap.hpp
}

comment_trace_port() {
    sed -i 's|  \.trace_port|  // .trace_port|' src/heap.hpp
}

# The rows of a table as `drone heap` and the firmware print it, from standard input
table_rows() {
    grep -E '^ +[0-9]+ \| +[0-9]+ \| +[0-9]+$'
}

# number_behind WORDS: the number that follows them in a line of standard input
number_behind() {
    sed -nE "s/^$1: ([0-9]+).*/\1/p" | head -n 1
}

# paste_heap FILE: the [heap] section of Drone.toml becomes that of FILE
paste_heap() {
    awk -v section="$1" '
        /^\[/ { inside = $0 == "[heap]" }
        /^\[heap\]$/ { while ((getline line < section) > 0) print line; print "" }
        !inside { print }
    ' Drone.toml > Drone.toml.new
    mv Drone.toml.new Drone.toml
}

# same_table SAID: the table of ./heaptrace is the one that the firmware printed in SAID
same_table() {
    drone heap | table_rows > table.trace
    table_rows < "$1" > table.firmware
    [ "$(wc -l < table.firmware)" -ge 20 ] || fail "the firmware counted fewer than 20 sizes"
    same "the table of drone heap differs from the firmware's own counts" table.firmware table.trace
}

# same_totals SAID: the same without the loads, which differ by what an interrupt does between an event and its count
same_totals() {
    local totals='{ print $1 + 0, $3 + 0 }'
    drone heap | table_rows | awk -F'|' "$totals" > totals.trace
    table_rows < "$1" | awk -F'|' "$totals" > totals.firmware
    [ "$(wc -l < totals.firmware)" -ge 20 ] || fail "the firmware counted fewer than 20 sizes"
    same "the totals of drone heap differ from the firmware's own counts" totals.firmware totals.trace
}

# pool_capacities: block and capacity of every pool of a [heap] section on standard input
pool_capacities() {
    sed -nE 's/.*block = "([0-9]+)", capacity = ([0-9]+).*/\1 \2/p'
}

# pool_peaks: block and peak of every pool of the table of `drone heap replay` on standard input
pool_peaks() {
    awk -F'|' 'NF == 6 && $1 + 0 > 0 { print $1 + 0, $3 + 0 }'
}

# pool_loads: block and largest load of every pool of a table of `drone heap --by pool` on standard input
pool_loads() {
    awk -F'|' 'NF == 7 && $1 + 0 > 0 { print $1 + 0, $3 + 0 }'
}
