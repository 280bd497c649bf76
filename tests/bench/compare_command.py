#!/usr/bin/env python3
"""Runs the command multiping, fping and the library in turn, and prints medians and ratios within this one run.

Usage: compare_command.py COMMAND BATCH [--quick]; in a network namespace whose loopback is up.
COMMAND is the program multiping, BATCH the program batch of this folder. The goals: at least 1.9 times as fast as
`fping -i 0` over 60,000 targets on two cores; 1,000,000 targets, read, probed and printed, in at most 1.3 times the
library's own time; a start with one host in at most 1.5 times that of fping.
"""

import argparse
import ipaddress
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def timed(command, lines=None):
    """Seconds of a whole process. Where `lines` is given, its standard output must have so many, and its status be 0."""
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, check=lines is not None)
        took = time.perf_counter() - start
        out.seek(0)
        found = sum(1 for _ in out)
    if lines is not None and found != lines:
        sys.exit(f"{' '.join(command)}: {found} lines instead of {lines}")
    return took


def write_hosts(count):
    file = tempfile.NamedTemporaryFile("w", suffix=".hosts")
    first = int(ipaddress.ip_address("127.0.0.1"))
    file.writelines(f"{ipaddress.ip_address(first + i)}\n" for i in range(count))
    file.flush()
    return file


def library_seconds(batch, count):
    text = subprocess.run([batch, "raw", "4", str(count), "2"], capture_output=True, text=True, check=True).stdout
    phases = dict(pair.split("=") for pair in text.split())
    return sum(float(phases[name]) for name in ("setup", "send", "receive")) / 1e6


def medians(rounds, **ways):
    times = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(way())
    return {name: statistics.median(values) for name, values in times.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("batch")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    # As a package installs it, like fping: the kernel maps a copied file in larger pieces than what a linker wrote.
    installed = tempfile.TemporaryDirectory()
    arguments.command = shutil.copy(arguments.command, installed.name)
    rounds = 3 if arguments.quick else 7
    many = 100_000 if arguments.quick else 1_000_000

    with write_hosts(60_000) as hosts:
        sweep = medians(
            rounds,
            multiping=lambda: timed([arguments.command, "-a", "-f", hosts.name], 60_000),
            fping=lambda: timed(["fping", "-a", "-i", "0", "-f", hosts.name], 60_000),
        )
    print(f"60,000 targets: multiping {sweep['multiping']:.3f} s, fping -i 0 {sweep['fping']:.3f} s,"
          f" {sweep['fping'] / sweep['multiping']:.2f} times as fast (goal 1.9)")

    with write_hosts(many) as hosts:
        long = medians(
            3,
            multiping=lambda: timed([arguments.command, "-a", "-f", hosts.name], many),
            library=lambda: library_seconds(arguments.batch, many),
        )
    print(f"{many:,} targets: multiping {long['multiping']:.3f} s, the library {long['library']:.3f} s,"
          f" ratio {long['multiping'] / long['library']:.2f} (goal 1.3)")

    start = medians(
        20 * rounds,
        multiping=lambda: timed([arguments.command, "127.0.0.1"], 1),
        fping=lambda: timed(["fping", "127.0.0.1"], 1),
    )
    print(f"one host: multiping {1e3 * start['multiping']:.2f} ms, fping {1e3 * start['fping']:.2f} ms,"
          f" ratio {start['multiping'] / start['fping']:.2f} (goal 1.5)")


if __name__ == "__main__":
    main()
