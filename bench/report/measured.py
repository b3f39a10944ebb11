"""What a command takes: for the benches here."""

import os
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("DRONE_BUILD", ROOT / "build"))
DRONE = BUILD / "bin/drone"


def build():
    """What the benches need, as `./just bench` builds it."""
    log = BUILD / "bench_report.log"
    with open(log, "wb") as to:
        for command in (["cmake", "--preset", "host", "-DDRONE_BENCH=ON"],
                        ["cmake", "--build", "build", "--target", "drone_tool", "write_trace"]):
            if subprocess.run(command, cwd=ROOT, stdout=to, stderr=to, check=False).returncode:
                raise SystemExit(f"{command[1:]} failed: see {log}")


def random_trace(events, folder):
    """A native trace of so many events (bench/trace/write_trace)."""
    path = pathlib.Path(folder) / f"{events:g}.heaptrace"
    subprocess.run([BUILD / "bench/write_trace", f"{events:g}", path], check=True)
    return path


class Run:
    """A command at its end: seconds, seconds of a core, MiB at its peak, bytes on standard output."""

    def __init__(self, *command):
        began = time.monotonic()
        with tempfile.TemporaryFile() as talk:
            process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=talk)
            self.bytes = 0
            while piece := os.read(process.stdout.fileno(), 1 << 20):
                self.bytes += len(piece)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                talk.seek(0)
                raise SystemExit(f"{command}: exit code {process.returncode}: {talk.read().decode()}")
        process.stdout.close()
        self.seconds = time.monotonic() - began
        self.core = used.ru_utime + used.ru_stime
        self.memory = used.ru_maxrss / 1024
