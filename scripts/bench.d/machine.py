"""The compiled yardsticks and the machine's own limits."""

import hashlib
import json
import os
import platform
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Machine:
    """Compiles and runs load.c and limits.c in a scratch folder."""

    def __init__(self, scratch):
        self.scratch = Path(scratch)
        self.load = self._compile("load.c")
        self.limits = self._compile("limits.c", "-pthread")

    def _compile(self, source, *flags):
        program = self.scratch / source.removesuffix(".c")
        command = ["cc", "-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", *flags, "-o", program, HERE / source]
        subprocess.run(command, check=True)
        return program

    def _limit(self, *arguments):
        folder = self.scratch / "limits.data"
        folder.mkdir(exist_ok=True)
        out = subprocess.run([self.limits, folder, *map(str, arguments)], check=True, capture_output=True).stdout
        for file in folder.iterdir():
            file.unlink()
        return json.loads(out)

    def fsync_milliseconds(self, seconds=0.7):
        return self._limit("fsync", seconds)["mean"]

    def files_per_second(self, count=2000, threads=8):
        return self._limit("files", count, threads)["rate"]

    def disk_megabytes_per_second(self, mebibytes=512):
        return self._limit("disk", mebibytes)["rate"]

    @staticmethod
    def hash_megabytes_per_second(name):
        block, count = os.urandom(1 << 20), 256
        digest, started = hashlib.new(name), time.perf_counter()
        for _ in range(count):
            digest.update(block)
        return count * 1.048576 / (time.perf_counter() - started)

    def run_load(self, server, connections, plan, *, requests=None, seconds=None, expect=200, capture=None, ids=None):
        """The generator's figures and the server's CPU seconds while it ran (`server_cpu`)."""
        path = plan.write(self.scratch / "plan.bin")
        command = [self.load, str(server.port), str(connections), path]
        if requests is not None:
            command += ["--requests", str(requests)]
        if seconds is not None:
            command += ["--seconds", str(seconds)]
        if ids is not None:
            command += ["--list", str(ids)]
        if capture is not None:
            command += ["--capture", capture[0], str(capture[1])]
        command += ["--expect", str(expect)]
        before = server.cpu_seconds()
        done = subprocess.run(command, capture_output=True, text=True)
        after = server.cpu_seconds()
        if done.returncode != 0:
            raise RuntimeError(f"{server.name}: {done.stderr.strip()} {done.stdout.strip()}")
        return json.loads(done.stdout) | {"server_cpu": after - before}


def describe():
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} × {model}, {memory:.0f} GiB, {platform.system()} {platform.release()}"
