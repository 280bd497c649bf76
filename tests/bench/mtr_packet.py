#!/usr/bin/env python3
"""Runs multiping-packet and Debian's mtr-packet in turn on the same probes, and prints medians and ratios.

Usage: mtr_packet.py MULTIPING_PACKET [--quick]
In a network namespace of its own, as root: both send to 127.0.0.0/8 and ::1. A single probe is timed from the writing of
its command to the reading of its reply; of many probes at once, the whole process is measured, from its start to its end.
"""

import os
import statistics
import subprocess
import sys
import time

THEIRS = "mtr-packet"


def single(helper, probe, count):
    """The times of `count` probes one after the other, in microseconds."""
    process = subprocess.Popen([helper], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    times = []
    for token in range(count + 10):
        command = f"{token} send-probe {probe}\n".encode()
        start = time.perf_counter()
        process.stdin.write(command)
        reply = process.stdout.readline()
        took = time.perf_counter() - start
        if b" reply " not in reply:
            sys.exit(f"{helper} says {reply}")
        if token >= 10:
            times.append(took * 1e6)
    process.stdin.close()
    process.stdout.read()
    process.wait()
    return times


def commands(count, arguments):
    """`count` probes, each to an address of its own."""
    lines = (f"{i} send-probe ip-4 127.{1 + i // 60_000}.{i // 250 % 240}.{i % 250 + 1} {arguments}\n" for i in range(count))
    return "".join(lines).encode()


def in_windows(helper, text, window):
    """As many(), with at most `window` probes in flight: the next ones are asked for when all have their replies."""
    lines = text.splitlines(keepends=True)
    start = time.perf_counter()
    process = subprocess.Popen([helper], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    output = bytearray()
    for first in range(0, len(lines), window):
        process.stdin.write(b"".join(lines[first:first + window]))
        wanted = min(first + window, len(lines))
        told = first
        while told < wanted:
            part = os.read(process.stdout.fileno(), 1 << 20)
            told += part.count(b"\n")
            output += part
    process.stdin.close()
    _, _, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = 0
    process.stdout.close()
    return wall, usage.ru_utime + usage.ru_stime, output.count(b" reply ")


def many(helper, text):
    """Wall time and CPU time in seconds, and the number of replies, of all these commands at once."""
    read_end, write_end = os.pipe()
    source = os.memfd_create("commands")
    os.write(source, text)
    os.lseek(source, 0, os.SEEK_SET)
    start = time.perf_counter()
    process = subprocess.Popen([helper], stdin=source, stdout=write_end)
    os.close(write_end)
    output = bytearray()
    while part := os.read(read_end, 1 << 20):
        output += part
    _, _, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = 0
    os.close(read_end)
    os.close(source)
    return wall, usage.ru_utime + usage.ru_stime, output.count(b" reply ")


def compare_single(ours, probe, rounds, count):
    pairs = [[statistics.median(single(helper, probe, count)) for helper in (ours, THEIRS)] for _ in range(rounds)]
    ratio = statistics.median(a / b for a, b in pairs)
    mine, other = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
    print(f"| {probe} | {mine:.1f} | {other:.1f} | {ratio:.2f} |", flush=True)


def compare_many(ours, count, arguments, rounds, window=0):
    """Ratios are medians of the ratios of one round, so that a machine that slows down slows both."""
    text = commands(count, arguments)
    measure = (lambda helper: in_windows(helper, text, window)) if window else (lambda helper: many(helper, text))
    pairs = [[measure(helper) for helper in (ours, THEIRS)] for _ in range(rounds)]
    wall = statistics.median(a[0] / b[0] for a, b in pairs)
    cpu = statistics.median(a[1] / b[1] for a, b in pairs)
    cells = []
    for i in (0, 1):
        walls, cpus = (statistics.median(pair[i][k] for pair in pairs) * 1e3 for k in (0, 1))
        cells.append(f"{walls:.1f} | {cpus:.1f} | {min(pair[i][2] for pair in pairs):,}")
    in_flight = f"{window:,}" if window else "all"
    print(f"| {arguments or 'protocol icmp'} | {count:,} | {in_flight} | {cells[0]} | {cells[1]} | {wall:.2f} | {cpu:.2f} |", flush=True)


def main():
    ours = sys.argv[1]
    quick = "--quick" in sys.argv
    rounds = 5 if quick else 15
    print("| one probe | multiping-packet, us | mtr-packet, us | ratio |")
    print("|---|---|---|---|")
    for probe in ("ip-4 127.0.0.1", "ip-6 ::1", "ip-4 127.0.0.1 protocol udp", "ip-4 127.0.0.1 protocol tcp"):
        compare_single(ours, probe, rounds, 300 if quick else 2000)
    print("| probes | count | in flight | multiping-packet: wall ms | CPU ms | replies | mtr-packet: wall ms | CPU ms | replies"
          " | wall ratio | CPU ratio |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    compare_many(ours, 10_000, "", 3 if quick else 5)
    compare_many(ours, 10_000, "", rounds, 100)
    compare_many(ours, 10_000, "", rounds, 1000)
    compare_many(ours, 10_000, "protocol udp", rounds)
    compare_many(ours, 500, "protocol tcp", rounds)


if __name__ == "__main__":
    main()
