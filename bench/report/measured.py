"""What a command takes: for the benches here."""

import os
import pathlib
import subprocess
import tempfile
import threading
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


def own_memory(pid):
    """MiB of a process now, without the files that it has mapped: a trace is mapped, and the system may drop it."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return sum(int(line.split()[1]) for line in status if line.startswith(("RssAnon", "RssShmem"))) / 1024
    except (FileNotFoundError, ProcessLookupError):
        return 0


class Run:
    """A command at its end: seconds, seconds of a core, MiB of its own at most (own_memory, looked at 50 times a
    second), bytes on standard output."""

    def __init__(self, *command):
        began = time.monotonic()
        with tempfile.TemporaryFile() as talk:
            process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=talk)
            self.bytes, self.memory = 0, 0
            ended = threading.Event()
            watching = threading.Thread(target=self.watch, args=(process.pid, ended))
            watching.start()
            while piece := os.read(process.stdout.fileno(), 1 << 20):
                self.bytes += len(piece)
            ended.set()
            watching.join()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                talk.seek(0)
                raise SystemExit(f"{command}: exit code {process.returncode}: {talk.read().decode()}")
        process.stdout.close()
        self.seconds = time.monotonic() - began
        self.core = used.ru_utime + used.ru_stime

    def watch(self, pid, ended):
        while True:
            self.memory = max(self.memory, own_memory(pid))
            if ended.wait(0.02):
                return
