"""Accounts of processor time and memory, and the loads of the bench.

An account is a cgroup where the host has them (version 1 or 2), otherwise a tree of processes in
/proc. Nothing here knows which server is measured.
"""

import asyncio
import fcntl
import json
import os
import re
import signal
import socket
import statistics
import struct
import subprocess
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")
GROUP = f"mailward-bench-{os.getpid()}"


def cgroup_root():
    """The folder to make groups in, and whether it is version 1; (None, False) without cgroups, or
    where BENCH_ACCOUNTS=proc asks for the other way."""
    if os.environ.get("BENCH_ACCOUNTS") == "proc":
        return None, False
    for root, first in (("/sys/fs/cgroup/cpuacct", True), ("/sys/fs/cgroup", False)):
        marker = "cpuacct.usage" if first else "cgroup.controllers"
        if os.path.isfile(f"{root}/{marker}") and os.access(root, os.W_OK):
            return f"{root}/{GROUP}", first
    return None, False


ROOT, FIRST_VERSION = cgroup_root()


def own_group():
    """The group this process was started in."""
    with open("/proc/self/cgroup") as text:
        for line in text.read().splitlines():
            number, controllers, path = line.split(":", 2)
            if ("cpuacct" in controllers.split(",")) if FIRST_VERSION else number == "0":
                return os.path.dirname(ROOT) + path
    return os.path.dirname(ROOT)


BEFORE = own_group() if ROOT else None


def remove_groups():
    """Leaves the accounts, which must be empty, and removes them."""
    if not ROOT:
        return
    with open(f"{BEFORE}/cgroup.procs", "w") as procs:
        procs.write("0")
    for name in os.listdir(ROOT):
        if os.path.isdir(f"{ROOT}/{name}"):
            os.rmdir(f"{ROOT}/{name}")
    os.rmdir(ROOT)


class Account:
    """The processes of one subject: their processor time, their memory, their end."""

    def __init__(self, name):
        self.name = name
        self.folder = f"{ROOT}/{name}" if ROOT else None
        self.process = None
        if self.folder:
            os.makedirs(self.folder, exist_ok=True)

    def join(self):
        """Puts the calling process into the account; its children follow."""
        if self.folder:
            with open(f"{self.folder}/cgroup.procs", "w") as procs:
                procs.write("0")

    def spawn(self, command, log, **options):
        def enter():
            os.setsid()
            self.join()

        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=enter, **options
        )
        return self.process

    def pids(self):
        if self.folder:
            with open(f"{self.folder}/cgroup.procs") as procs:
                return [int(pid) for pid in procs.read().split()]
        return descendants(self.process.pid) if self.process else []

    def cpu_seconds(self):
        if self.folder and FIRST_VERSION:
            with open(f"{self.folder}/cpuacct.usage") as usage:
                return int(usage.read()) / 1e9
        if self.folder:
            with open(f"{self.folder}/cpu.stat") as usage:
                return int(re.search(r"usage_usec (\d+)", usage.read()).group(1)) / 1e6
        # utime, stime, and those of children that have been waited for.
        return sum(sum(int(x) for x in stat(pid)[11:15]) for pid in self.pids() if stat(pid)) / TICK

    def memory_mb(self):
        """(proportional, resident) set size: shared pages count by share in the first."""
        pss = rss = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as rollup:
                    text = rollup.read()
            except OSError:
                continue
            pss += int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1))
            rss += int(re.search(r"^Rss:\s+(\d+)", text, re.M).group(1))
        return pss / 1024, rss / 1024

    def stop(self):
        """Ends every process of the account, and no other: asked first, then made to."""
        for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            for pid in self.pids():
                try:
                    os.kill(pid, number)
                except OSError:
                    pass
            end = time.monotonic() + patience
            while time.monotonic() < end:
                if self.process:
                    self.process.poll()
                if not self.pids():
                    self.process = None
                    return
                time.sleep(0.02)
        raise RuntimeError(f"processes of {self.name} do not end: {self.pids()}")


def stat(pid):
    """The fields of /proc/PID/stat from the third on; empty where the process is gone."""
    try:
        with open(f"/proc/{pid}/stat") as text:
            return text.read().rpartition(")")[2].split()
    except OSError:
        return []


def descendants(root):
    parents = {int(name): stat(name) for name in os.listdir("/proc") if name.isdigit()}
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        # A zombie is no process any more.
        if parents.get(pid) and parents[pid][0] != "Z":
            found.append(pid)
        todo += [child for child, fields in parents.items() if fields and int(fields[1]) == pid]
    return found


def loopback_up():
    """Raises the loopback interface of the private namespace (SIOCSIFFLAGS, IFF_UP)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))


def busy_seconds():
    """Processor time used by the whole machine, idle and waiting for the disk excluded."""
    with open("/proc/stat") as text:
        user, nice, system, _idle, _iowait, irq, soft = map(int, text.readline().split()[1:8])
    return (user + nice + system + irq + soft) / TICK


class Meter:
    """Measures a stretch of work of a subject while others provide the load."""

    def __init__(self, subject, load):
        self.subject, self.load = subject, load

    def __enter__(self):
        self.busy, self.load0 = busy_seconds(), self.load.cpu_seconds()
        self.cpu, self.start = self.subject.cpu_seconds(), time.monotonic()
        return self

    def __exit__(self, *_):
        pass

    def result(self, count, end):
        """The rates for `count` pieces done at the moment `end`; call a second later, so that work
        left for later is counted as well."""
        secs, span = end - self.start, time.monotonic() - self.start
        cpu = self.subject.cpu_seconds() - self.cpu
        foreign = busy_seconds() - self.busy - cpu - (self.load.cpu_seconds() - self.load0)
        return {
            "count": count,
            "secs": round(secs, 3),
            "per_s": round(count / secs, 1),
            "cpu_s_per_1000": round(cpu / count * 1000, 4),
            "foreign_cores": round(max(0.0, foreign) / span, 2) if ROOT else None,
        }


class Tools:
    """smtp-source and smtp-sink from Debian's package."""

    def __init__(self, postfix_root):
        self.environment = dict(os.environ, LD_LIBRARY_PATH=f"{postfix_root}/usr/lib/postfix")
        self.source_path = f"{postfix_root}/usr/sbin/smtp-source"
        self.sink_path = f"{postfix_root}/usr/sbin/smtp-sink"

    def send(self, port, count, sessions, size):
        """Sends `count` messages over `sessions` connections that stay open; raises on an error."""
        command = [self.source_path, "-d", "-s", str(sessions), "-m", str(count), "-l", str(size)]
        command += ["-f", "sender@client.test", "-t", "rcpt@sink.bench.test", "-M", "client.test"]
        done = subprocess.run(
            command + [f"127.0.0.1:{port}"], env=self.environment, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise RuntimeError(f"smtp-source failed: {done.stderr.strip()[-300:]}")


class Sink:
    """A running smtp-sink, and how many messages it has taken."""

    def __init__(self, tools, port):
        self.taken, self.last = 0, 0.0
        self.process = subprocess.Popen(
            [tools.sink_path, "-c", "-h", "sink.bench.test", "-u", "nobody", f"127.0.0.1:{port}", "1000"],
            env=tools.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        threading.Thread(target=self.count, daemon=True).start()
        wait_for_port(port, 10, self.process)

    def count(self):
        rest = b""
        while True:
            piece = os.read(self.process.stdout.fileno(), 1 << 20)
            if not piece:
                return
            found = re.findall(rb"mesg=(\d+)\D", rest + piece)
            if found and int(found[-1]) > self.taken:
                self.taken, self.last = int(found[-1]), time.monotonic()
            rest = piece[-64:]
            time.sleep(0.005)

    def wait(self, target, patience):
        end = time.monotonic() + patience
        while self.taken < target:
            if time.monotonic() > end or self.process.poll() is not None:
                return False
            time.sleep(0.005)
        return True

    def close(self):
        self.process.terminate()
        self.process.wait()


def wait_for_port(port, patience, process):
    end = time.monotonic() + patience
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"nothing listens on port {port}")


def first_greeting(port, started, process, patience=60):
    """Seconds from `started` to the first 220 on the port."""
    while time.monotonic() - started < patience:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as client:
                client.settimeout(10)
                if client.recv(512).startswith(b"220"):
                    took = time.monotonic() - started
                    client.sendall(b"QUIT\r\n")
                    client.recv(512)
                    return took
        except OSError:
            pass
        if process.poll() not in (None, 0):
            break
        time.sleep(0.001)
    raise RuntimeError(f"no greeting on port {port}: the server did not start, see its log")


async def open_idle(port, count):
    """Opens `count` connections that have said EHLO, and keeps them; (writers, failures)."""
    gate, open_ones, failures = asyncio.Semaphore(20), [], []

    async def one():
        async with gate:
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 30)
                await reply(reader, b"220")
                writer.write(b"EHLO client.test\r\n")
                await reply(reader, b"250")
                open_ones.append(writer)
            except (OSError, ValueError, asyncio.TimeoutError) as error:
                failures.append(f"{type(error).__name__} {error}"[:80])

    async def reply(reader, code):
        line = b"-" * 4
        while line[3:4] == b"-":
            line = await asyncio.wait_for(reader.readline(), 30)
            if not line.startswith(code):
                raise ValueError(line[:60].decode("latin1"))

    await asyncio.gather(*[one() for _ in range(count)])
    return open_ones, failures


def accept(subject, load, tools, options):
    tools.send(subject.port, 200, options.sessions, options.size)
    time.sleep(0.5)
    with Meter(subject.account, load) as meter:
        tools.send(subject.port, options.accept_count, options.sessions, options.size)
        end = time.monotonic()
    time.sleep(1)
    result = meter.result(options.accept_count, end)
    stored, expected = subject.stored(), options.accept_count + 200
    # More is possible: a health probe may be on its way.
    if stored < expected:
        raise RuntimeError(f"{subject.name} said yes to {expected} messages and has {stored}")
    return result


def relay(subject, load, tools, options):
    sink = Sink(tools, options.sink_port)
    try:
        tools.send(subject.port, 200, options.sessions, options.size)
        if not sink.wait(200, 60):
            raise RuntimeError(f"{subject.name} relayed {sink.taken} of 200 messages in a minute")
        time.sleep(1)
        before = sink.taken
        with Meter(subject.account, load) as meter:
            tools.send(subject.port, options.relay_count, options.sessions, options.size)
            if not sink.wait(before + options.relay_count, 600):
                raise RuntimeError(f"{subject.name} relayed {sink.taken - before} of {options.relay_count}")
            end = sink.last
        time.sleep(1)
        doubled = sink.taken - before - options.relay_count
        return dict(meter.result(options.relay_count, end), doubled=doubled)
    finally:
        sink.close()


def memory(subject, load, tools, options):
    time.sleep(3)
    pss, rss = subject.account.memory_mb()
    idle = {"pss_mb": round(pss, 1), "rss_mb": round(rss, 1), "processes": len(subject.account.pids())}

    async def run():
        open_ones, failures = await open_idle(subject.port, options.idle_count)
        await asyncio.sleep(2)
        pss, rss = subject.account.memory_mb()
        for writer in open_ones:
            writer.close()
        return {
            "open": len(open_ones),
            "failures": failures[:3],
            "open_pss_mb": round(pss, 1),
            "open_rss_mb": round(rss, 1),
            "open_processes": len(subject.account.pids()),
        }

    return dict(idle, **asyncio.run(run()))


def starttls(subject, load, tools, options):
    program = f"{os.environ['BENCH_TARGET']}/release/examples/starttls_load"
    run = lambda secs: json.loads(
        subprocess.run(
            [program, f"127.0.0.1:{subject.port}", str(secs), "20"], capture_output=True, text=True, check=True
        ).stdout
    )
    run(1)
    with Meter(subject.account, load) as meter:
        said = run(options.tls_secs)
        end = time.monotonic()
    if said["handshakes"] == 0:
        raise RuntimeError(f"no handshake with {subject.name} succeeded: {said['sample']}")
    return dict(meter.result(said["handshakes"], end), failed=said["failed"], sample=said["sample"])


def median(values):
    return statistics.median(values) if values else None
