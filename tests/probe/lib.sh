# shellcheck shell=bash
# For the scripts of this folder: a scratch folder, firmware, projects, QEMU, and that nothing is left behind.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
export PATH=${DRONE_BUILD:?}/bin:$PATH
# shellcheck source=tests/scratch.sh
source "$root/tests/scratch.sh"
enter_scratch
mkdir tmp
export TMPDIR=$scratch/tmp

fail() { # message, file to show
    [ -z "${2:-}" ] || cat "$2" >&2
    echo "${0##*/}: $1" >&2
    exit 1
}

arm_firmware() { # output, flash origin, flash size, RAM size, source, options...
    local out=$1 arch=$root/arch/cortex_m source=$5
    cat > memory.ld <<END
MEMORY
{
    FLASH (rx) : ORIGIN = $2, LENGTH = $3
    RAM (rwx) : ORIGIN = 0x20000000, LENGTH = $4
}
END
    arm-none-eabi-g++ -mcpu=cortex-m4 -mthumb -mfloat-abi=soft -std=c++20 -g -O1 -fno-exceptions -fno-rtti \
        -fno-threadsafe-statics -ffunction-sections -fdata-sections -I"$root/include" -I"$root/arch" "${@:6}" \
        "$source" "$arch/startup.cpp" "$arch/newlib.cpp" "$root/arch/newlib/no_exceptions.cpp" -nostartfiles \
        --specs=nano.specs -Wl,--gc-sections -L. -T"$arch/cortex_m.ld" -o "$out"
}

memory_of_project() { # flash origin
    printf '[memory]\nflash = { origin = "%s", size = "4M" }\nram = { origin = "0x20000000", size = "128K" }\n' "$1"
}
virtual_project() {
    { memory_of_project 0x08000000; printf '[probe]\nboard = "virtual-m4"\n'; } > Drone.toml
}
gdb_project() { # HOST:PORT
    { memory_of_project 0x00000000; printf '[probe]\nkind = "gdb"\nserver = "%s"\ncore = "cortex-m4"\n' "$1"; } > Drone.toml
}

# QEMU picks the port of its gdb server itself, and says it on its monitor. It does not outlive the script, whatever ends
# that: a script that is killed cannot stop it.
start_qemu() { # machine, options...
    coproc QEMU { exec env -u DRONE_TEST_MARK setpriv --pdeathsig KILL qemu-system-arm -M "$1" "${@:2}" -S \
        -gdb tcp:127.0.0.1:0 -display none -serial null -qmp stdio; }
    qemu=$QEMU_PID
    local line
    read -r line <&"${QEMU[0]}"
    printf '{"execute": "qmp_capabilities"}{"execute": "query-chardev"}' >&"${QEMU[1]}"
    read -r line <&"${QEMU[0]}"
    read -r line <&"${QEMU[0]}"
    [[ $line =~ tcp:127\.0\.0\.1:([0-9]+) ]] || fail "QEMU has no gdb server: $line"
    # shellcheck disable=SC2034 # the scripts use it
    qemu_port=${BASH_REMATCH[1]}
}
stop_qemu() {
    kill "$qemu"
    wait "$qemu" || true
    qemu=
}

no_gap() { # trace
    drone heap -f "$1" --json > heap.json
    python3 -c 'import json; h = json.load(open("heap.json")); assert h["runs"][0]["gaps"] == 0, h["runs"][0]
assert sum(s["total"] for s in h["sizes"]) > 500'
}

# Everything that is started from here on has this in its environment.
export DRONE_TEST_MARK=$scratch
nothing_is_left() {
    local processes
    processes=$(env -u DRONE_TEST_MARK grep -lsz "^DRONE_TEST_MARK=$scratch\$" /proc/[0-9]*/environ || true)
    [ -z "$processes" ] || { for p in $processes; do tr '\0' ' ' < "${p%/environ}/cmdline"; done; fail "processes are left"; }
    [ -z "$(ls tmp)" ] || { ls -l tmp; fail "files are left"; }
}
