# shellcheck shell=bash
# For the scripts that set faults on the virtual board for `drone doctor`: its port is in $port, OpenOCD's target file
# in $target, and what else OpenOCD must be told in $also.
# shellcheck source=tests/probe/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
target=stm32f4x
also=
told() { # exit code, what it must say, arguments
    local code=0
    drone doctor "${@:3}" > told.txt 2>&1 || code=$?
    [ "$code" = "$1" ] || fail "exit code $code, not $1" told.txt
    grep -q "$2" told.txt || fail "no word of: $2" told.txt
}
set_words() { # pairs of address and value, written at once
    local script='init'
    while [ $# -gt 0 ]; do
        script+="; mww $1 $2"
        shift 2
    done
    openocd -f interface/stlink-dap.cfg -c 'transport select dapdirect_swd' -f "target/$target.cfg" \
        -c "st-link backend tcp $port; $also; gdb_port disabled; tcl_port disabled; telnet_port disabled" \
        -c "$script; shutdown" > openocd.txt 2>&1 || fail "OpenOCD failed" openocd.txt
}
fault() { # what doctor says of the fault, then what set_words takes
    local says=$1
    shift
    set_words "$@"
    told 0 'all of it is mended' --fix
    grep -q "^MENDED .*$says" told.txt || fail "it does not name: $says" told.txt
    [ "$(grep -c '^WRONG\|^MENDED' told.txt)" = 1 ] || fail "other things are wrong, too" told.txt
    echo "named and mended: $says"
}
capture() { # until the trace has 8,000 bytes
    rm -f heaptrace
    drone log --reset heaptrace:31 2> log.txt &
    local log=$!
    until_bytes 8000 heaptrace "$log" || fail "drone log ended by itself" log.txt
    kill -TERM "$log"
    wait "$log" || fail "drone log failed" log.txt
    no_gap heaptrace
}
