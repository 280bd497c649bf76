#!/usr/bin/env python3
"""Runs own ping sockets and those of a broker in turn over the same targets, and prints medians and ratios.

Usage: compare_broker.py PROGRAMS_DIR MULTIPINGD [--quick]
In a network namespace of its own, as root: the daemon sets net.ipv4.ping_group_range where its group needs that; own
ping sockets are opened under a range that holds every group, set for each of their runs.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

RANGE = "/proc/sys/net/ipv4/ping_group_range"


def run(programs, kind, family, count, path):
    command = [f"{programs}/batch", kind, str(family), str(count), "1", "--broker", path]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return {name: float(value) for name, value in (pair.split("=") for pair in text.split())}


def read_range():
    with open(RANGE, encoding="ascii") as file:
        return file.read()


def write_range(text):
    with open(RANGE, "w", encoding="ascii") as file:
        file.write(text)


def start(daemon, path):
    process = subprocess.Popen([*daemon.split(), "--socket", path])
    for _ in range(500):
        if os.path.exists(path):
            return process
        if process.poll() is not None:
            sys.exit(f"{daemon} ended with {process.returncode}")
        time.sleep(0.01)
    process.kill()
    sys.exit(f"{daemon} does not listen at {path}")


def one_round(programs, family, count, path):
    of_daemon = read_range()
    write_range("0 2147483647")
    own = run(programs, "ping", family, count, path)
    write_range(of_daemon)
    return own, run(programs, "broker", family, count, path)


def compare(programs, family, count, rounds, path):
    """Ratios are medians of the ratios of one round, so that a machine that slows down slows both sides."""
    pairs = [one_round(programs, family, count, path) for _ in range(rounds)]
    ratio = statistics.median((b["setup"] + b["wall"]) / (a["setup"] + a["wall"]) for a, b in pairs)
    more = statistics.median(b["open"] - a["open"] for a, b in pairs)
    own, brokered = (statistics.median(pair[i]["wall"] for pair in pairs) / count for i in (0, 1))
    answered = min(min(a["answered"], b["answered"]) for a, b in pairs)
    print(f"| {family} | {count:,} | {own:.2f} | {brokered:.2f} | {ratio:.3f} | {more:.0f} | {answered:,.0f} |", flush=True)


def main():
    programs, daemon = sys.argv[1:3]
    rounds = 7 if "--quick" in sys.argv else 21
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/multiping.sock"
        os.chmod(directory, 0o755)
        process = start(daemon, path)
        try:
            print("| IP | targets | own us | broker us | broker/own, set-up included | opening costs more, us | answered |")
            print("|---|---|---|---|---|---|---|")
            for family in (4, 6):
                for count in (1, 1_000, 100_000):
                    compare(programs, family, count, rounds, path)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


if __name__ == "__main__":
    main()
