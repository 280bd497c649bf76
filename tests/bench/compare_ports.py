#!/usr/bin/env python3
"""Runs the bare loop, the library and nmap in turn over the same TCP and UDP ports, and prints medians and ratios.

Usage: compare_ports.py PROGRAMS_DIR [--quick]
Half of the ports are open, half are closed. What counts is the ratio within this one run.
"""

import argparse
import ipaddress
import statistics
import subprocess
import tempfile
import time

from compare import figures_of, run_program

PORT = 7001


def nmap(how, count):
    """The whole process: its wall time in us, and how many ports it found open and closed."""
    flag = {"tcp": "-sT", "half-open": "-sS", "udp": "-sU"}[how]
    with tempfile.NamedTemporaryFile("w", suffix=".hosts") as file:
        file.write("\n".join(str(ipaddress.IPv4Address(0x7F010001 + i)) for i in range(count // 2)))
        file.flush()
        begin = time.monotonic()
        done = subprocess.run(
            ["nmap", "-n", "-Pn", flag, "-T5", "--min-parallelism", "256", "--max-retries", "1", "-p",
             f"{PORT},{PORT + 1}", "-oG", "-", "-iL", file.name], capture_output=True, text=True, check=False)
        wall = (time.monotonic() - begin) * 1e6
    return {"wall": wall, "open": done.stdout.count("/open/"), "closed": done.stdout.count("/closed/")}


def compare(programs, how, count, rounds):
    loop = "udp" if how == "udp" else "tcp"
    runners = {
        "loop": lambda: figures_of(run_program([f"{programs}/ports_floor", loop, str(count), str(PORT)])),
        "1 thread": lambda: figures_of(run_program([f"{programs}/ports", how, str(count), str(PORT), "1"])),
        "2 threads": lambda: figures_of(run_program([f"{programs}/ports", how, str(count), str(PORT), "2"])),
    }
    runs = {name: [] for name in runners}
    for _ in range(rounds):
        for name, run in runners.items():
            runs[name].append(run())
    runs["nmap"] = [nmap(how, count)]
    return runs


def print_row(how, count, runs):
    def median(name, field="wall"):
        return statistics.median(run[field] for run in runs[name])

    def ratio(name, to, field="wall"):
        return statistics.median(a[field] / b[field] for a, b in zip(runs[name], runs[to]))

    one, peer = runs["1 thread"][0], runs["nmap"][0]
    print(f"| {how} | {count:,} | {median('loop') / count:.2f} | {median('1 thread') / count:.2f} "
          f"| {ratio('1 thread', 'loop'):.2f} | {ratio('1 thread', 'loop', 'cpu'):.2f} "
          f"| {1 / ratio('2 threads', '1 thread'):.2f} | {median('nmap') / count:.1f} "
          f"| {median('nmap') / (median('1 thread') + median('1 thread', 'setup')):.1f} "
          f"| {one['open']:.0f} + {one['closed']:.0f} | {peer['open']} + {peer['closed']} "
          f"| {median('1 thread', 'memory_kib') / 1024:.0f} |", flush=True)


def print_source_ports(programs, probes, rounds):
    """UDP from few and from many source ports, each of which is a socket: microseconds for each probe."""
    counts = (50, 500, 5_000)
    runs = {count: [] for count in counts}
    for _ in range(rounds):
        for count in counts:
            runs[count].append(figures_of(run_program([f"{programs}/source_ports", str(probes), str(count), str(PORT)])))
    print("\n| source ports | setup us, each socket | send us, each probe | receive us | both | answered |")
    print("|---|---|---|---|---|---|")
    for count in counts:
        def median(field):
            return statistics.median(run[field] for run in runs[count])
        print(f"| {count:,} | {median('setup') / count:.1f} | {median('send') / probes:.2f} "
              f"| {median('receive') / probes:.2f} | {median('wall') / probes:.2f} "
              f"| {runs[count][0]['answered']:.0f} of {probes:,} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    arguments = parser.parse_args()
    server = subprocess.Popen([f"{arguments.programs}/ports_server", str(PORT)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    server.stdout.readline()
    head = ("| probe | ports | loop us | library us | wall/loop | CPU/loop | 2 threads | nmap us | x nmap "
            "| open + closed | nmap's | MiB |")
    print(head)
    print("|" + "---|" * (head.count("|") - 1))
    for how in ("tcp", "half-open", "udp"):
        print_row(how, 20_000, compare(arguments.programs, how, 20_000, 3 if arguments.quick else 7))
    print_source_ports(arguments.programs, 5_000, 3 if arguments.quick else 9)
    server.stdin.close()
    server.wait()


if __name__ == "__main__":
    main()
