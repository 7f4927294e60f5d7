"""Runs the tests of the bench in turns, writes JSON lines, prints medians and ratios.

Started by `bench/peers`, inside its private namespace.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time

import load
from load import Account, Tools, loopback_up, median
from report import print_report
from subjects import BENCH, REPO, SUBJECTS

TESTS = {
    "accept": load.accept,
    "relay": load.relay,
    "memory": load.memory,
    "starttls": load.starttls,
}


def arguments():
    parser = argparse.ArgumentParser(prog="bench/peers", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="how often each test runs on each server")
    add("--only", action="append", choices=sorted(TESTS), help="only this test; may be repeated")
    add("--subject", action="append", choices=sorted(SUBJECTS), help="only this server; may be repeated")
    add("--accept-count", type=int, default=10_000, help="messages in the accept test")
    add("--relay-count", type=int, default=5_000, help="messages in the relay test")
    add("--idle-count", type=int, default=1_000, help="idle connections in the memory test")
    add("--tls-secs", type=int, default=5, help="seconds of the STARTTLS test")
    add("--sessions", type=int, default=20, help="connections that send at one time")
    add("--size", type=int, default=5_120, help="octets of a message")
    add("--sink-port", type=int, default=27024, help="where smtp-sink listens")
    add("--results", default=None, help="file of JSON lines; a new one beside the work files if not given")
    add("--report-only", metavar="FILE", help="print the table of an earlier run and end")
    return parser.parse_args()


def machine(subjects):
    with open("/proc/cpuinfo") as text:
        model = next((line.split(":", 1)[1].strip() for line in text if line.startswith("model name")), "")
    kind = subprocess.run(["stat", "-f", "-c", "%T", BENCH], capture_output=True, text=True, check=False)
    commit = subprocess.run(
        ["git", "-C", REPO, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return {
        "machine": model or platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "file_system": kind.stdout.strip(),
        "commit": commit.stdout.strip(),
        "versions": [subject.version() for subject in subjects],
        "accounting": "cgroup" if load.ROOT else "/proc",
    }


def main():
    options = arguments()
    if options.report_only:
        with open(options.report_only) as lines:
            return print_report([json.loads(line) for line in lines])
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    loopback_up()
    results = options.results or time.strftime(f"{BENCH}/results-%Y%m%d-%H%M%S.jsonl")
    generators = Account("load")
    generators.join()
    tools = Tools(f"{BENCH}/postfix")
    subjects = [SUBJECTS[name](options) for name in options.subject or SUBJECTS]
    tests = [name for name in TESTS if name in (options.only or TESTS)]
    records, failed = [], False

    def record(fields):
        records.append(fields)
        line = json.dumps(fields)
        with open(results, "a") as file:
            file.write(line + "\n")
        print(line, file=sys.stderr, flush=True)

    record(machine(subjects))
    for number in range(options.rounds):
        # Each round begins with the other one, so that neither always runs on the warmer machine.
        order = subjects if number % 2 == 0 else subjects[::-1]
        for test in tests:
            for subject in order:
                fields = {"round": number, "test": test, "subject": subject.name}
                try:
                    fields["first_220_ms"] = round(subject.start(test) * 1000, 1)
                    fields.update(TESTS[test](subject, generators, tools, options))
                except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                    fields["error"], failed = str(error), True
                finally:
                    subject.stop()
                record(fields)
    load.remove_groups()
    print_report(records)
    print(f"\nEvery figure: {results}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
