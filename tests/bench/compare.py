#!/usr/bin/env python3
"""Runs floor, library and fping in turn over the same targets, and prints medians and ratios within this one run.

Usage: compare.py PROGRAMS_DIR [--quick] [--json FILE]
The absolute figures are this machine's and this hour's; only the ratios mean something.
"""

import argparse
import collections
import ipaddress
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

Run = collections.namedtuple("Run", "wall cpu answered memory extra")
FPING_LIMIT = 65_535
CHUNK = 60_000


def finish(process):
    """Waits for a process: its exit code, and its processor time in us."""
    _, status, usage = os.wait4(process.pid, 0)
    return os.waitstatus_to_exitcode(status), (usage.ru_utime + usage.ru_stime) * 1e6


def run_program(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    text = process.stdout.read()
    code, _ = finish(process)
    if code != 0:
        sys.exit(f"{' '.join(command)} failed with {code}")
    return text


def figures_of(text):
    return {name: float(value) for name, value in (pair.split("=") for pair in text.split())}


class Bench:
    def __init__(self, programs):
        self.programs = programs

    def floor(self, kind, family, count):
        answered, wall, cpu, memory = run_program([f"{self.programs}/floor", kind, str(family), str(count)]).split()
        return Run(float(wall), float(cpu), int(answered), int(memory), {})

    def library(self, kind, family, count, threads, buffer=0):
        command = [f"{self.programs}/batch", kind, str(family), str(count), str(threads)]
        values = figures_of(run_program(command + (["--buffer", str(buffer)] if buffer else [])))
        return Run(values["wall"], values["cpu"], int(values["answered"]), values["memory_kib"], values)

    def fping(self, family, hosts):
        """Whole processes, in chunks above fping's limit; its answers are the lines that it prints."""
        wall = cpu = answered = 0
        for start in range(0, len(hosts), CHUNK if len(hosts) > FPING_LIMIT else FPING_LIMIT):
            chunk = hosts[start : start + (CHUNK if len(hosts) > FPING_LIMIT else FPING_LIMIT)]
            with tempfile.NamedTemporaryFile("w", suffix=".hosts") as file:
                file.write("\n".join(chunk) + "\n")
                file.flush()
                begin = time.monotonic()
                command = ["fping", f"-{family}", "-a", "-i", "0", "-r", "1", "-t", "1000", "-f", file.name]
                process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                answered += len(process.stdout.read().splitlines())
                _, used = finish(process)
                wall += (time.monotonic() - begin) * 1e6
                cpu += used
        return Run(wall, cpu, answered, 0, {})

    def fping_unchunked(self, family, hosts):
        with tempfile.NamedTemporaryFile("w", suffix=".hosts") as file:
            file.write("\n".join(hosts) + "\n")
            file.flush()
            command = ["fping", f"-{family}", "-a", "-i", "0", "-r", "1", "-t", "1000", "-f", file.name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        return len(done.stdout.splitlines()), (done.stderr.strip().splitlines() or [""])[-1]


def hosts_of(family, count):
    if family == 4:
        return [str(ipaddress.IPv4Address(0x7F000001 + i)) for i in range(count)]
    return [str(ipaddress.IPv6Address((0xFD77 << 112) + i + 1)) for i in range(count)]


def median(runs, field):
    return statistics.median(getattr(run, field) for run in runs)


def compare(bench, kind, family, count, rounds, with_fping):
    hosts = hosts_of(family, count) if with_fping else []
    programs = {
        "floor": lambda: bench.floor(kind, family, count),
        "1 thread": lambda: bench.library(kind, family, count, 1),
        "floor again": lambda: bench.floor(kind, family, count),
        "2 threads": lambda: bench.library(kind, family, count, 2),
    }
    if with_fping:
        programs["fping"] = lambda: bench.fping(family, hosts)
    runs = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            runs[name].append(program())
    return runs


def row(kind, family, count, runs):
    """Ratios are medians of the ratios of one round, so that a machine that slows down slows both sides."""
    def ratio(name, to, field):
        return statistics.median(getattr(a, field) / getattr(b, field) for a, b in zip(runs[name], runs[to]))

    def to_floor(field):
        """The floor is taken before and after."""
        return statistics.median(2 * getattr(a, field) / (getattr(b, field) + getattr(c, field))
                                 for a, b, c in zip(runs["1 thread"], runs["floor"], runs["floor again"]))

    one, two = runs["1 thread"], runs["2 threads"]
    figures = {
        "sockets": kind, "family": family, "targets": count, "rounds": len(one),
        "answered": min(run.answered for run in one + two),
        "drops": max(run.extra["drops"] for run in one + two),
        "floor_us": median(runs["floor"], "wall") / count,
        "library_us": median(one, "wall") / count,
        "library_min_us": min(run.wall for run in one) / count,
        "library_max_us": max(run.wall for run in one) / count,
        "wall_to_floor": to_floor("wall"),
        "cpu_to_floor": to_floor("cpu"),
        "two_threads_speed": 1 / ratio("2 threads", "1 thread", "wall"),
        "memory_mib": median(one, "memory") / 1024,
        "median_rtt_us": statistics.median(run.extra["rtt"] for run in one),
        "phases_us": {name: statistics.median(run.extra[name] for run in one) / count
                      for name in ("setup", "send", "receive", "destroy")},
    }
    if "fping" in runs:
        whole = [run.wall + run.extra["setup"] + run.extra["destroy"] for run in one]
        whole_two = [run.wall + run.extra["setup"] + run.extra["destroy"] for run in two]
        peer = [run.wall for run in runs["fping"]]
        figures["fping_us"] = statistics.median(peer) / count
        figures["fping_answered"] = min(run.answered for run in runs["fping"])
        figures["faster_than_fping"] = statistics.median(p / w for p, w in zip(peer, whole))
        figures["two_threads_faster_than_fping"] = statistics.median(p / w for p, w in zip(peer, whole_two))
    return figures


HEAD = ("| sockets | IP | targets | floor us | library us (min-max) | wall/floor | CPU/floor | 2 threads | fping us |"
        " x fping | x fping, 2 thr. | answered | drops | MiB | RTT us |")


def print_row(f):
    fping = f"{f['fping_us']:.1f} | {f['faster_than_fping']:.1f} | {f['two_threads_faster_than_fping']:.1f}" \
        if "fping_us" in f else "- | - | -"
    print(f"| {f['sockets']} | {f['family']} | {f['targets']:,} | {f['floor_us']:.2f} | {f['library_us']:.2f} "
          f"({f['library_min_us']:.2f}-{f['library_max_us']:.2f}) | {f['wall_to_floor']:.2f} | {f['cpu_to_floor']:.2f} |"
          f" {f['two_threads_speed']:.2f} | {fping} | {f['answered']:,} | {f['drops']:.0f} | {f['memory_mib']:.0f} |"
          f" {f['median_rtt_us']:.1f} |", flush=True)


def print_phases(table):
    print("\nThe phases on one thread, us each (setup: parse, table and sockets; receive: results):")
    for f in table:
        if f["targets"] >= 10_000:
            phases = ", ".join(f"{name} {time:.3f}" for name, time in f["phases_us"].items())
            print(f"  {f['sockets']:>4} IPv{f['family']} {f['targets']:>9,}: {phases}")


def print_single_calls(programs):
    print("\nmulti_ping() over a vector of strings, the whole process, and ping() of one host with everything opened anew:")
    for count in (1, 100_000, 1_000_000):
        text = run_program([f"{programs}/one_call", str(count)])
        print(f"  {count:>9,} targets: {text.strip()}")


def print_one_ping(programs, rounds):
    print("\nOne ping of one host, p50 (p95) in us, a bare socket with the same options in turn with the library:")
    print("| sockets | IP | bare, anew | ping() | ratio | bare, kept | ping(), kept transport | ratio |"
          " kept MultiPing | kept Prober |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for kind in ("raw", "ping"):
        for family in (4, 6):
            f = figures_of(run_program([f"{programs}/one_ping", kind, str(family), str(rounds)]))
            both = {name: f"{f[name]:.1f} ({f[name + '_p95']:.1f})"
                    for name in ("bare", "ping", "bare_kept", "ping_kept", "batch_kept", "prober_kept")}
            print(f"| {kind} | {family} | {both['bare']} | {both['ping']} | {f['anew']:.2f} ({f['anew_p95']:.2f}) |"
                  f" {both['bare_kept']} | {both['ping_kept']} | {f['kept']:.2f} ({f['kept_p95']:.2f}) |"
                  f" {both['batch_kept']} | {both['prober_kept']} |", flush=True)


def print_stops(programs, targets, routes):
    print("\nHow soon a send() ends after a stop, and a traceroute() after its budget, in ms:")
    print("  " + run_program([f"{programs}/stops", str(targets), str(routes)]).strip(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs")
    parser.add_argument("--quick", action="store_true", help="fewer targets and rounds")
    parser.add_argument("--json", help="also write the figures to this file")
    arguments = parser.parse_args()
    bench = Bench(arguments.programs)
    sizes = (1, 100, 1_000, 10_000, 100_000) if arguments.quick else \
        (1, 100, 1_000, 10_000, 65_000, 100_000, 1_000_000)
    rounds = 5 if arguments.quick else 9
    table = []
    print(HEAD)
    print("|" + "---|" * (HEAD.count("|") - 1))
    for family in (4, 6):
        for kind in ("raw", "ping"):
            for count in sizes:
                more = 20 if count <= 100 else rounds
                table.append(row(kind, family, count, compare(bench, kind, family, count, more, kind == "raw")))
                print_row(table[-1])
    print_phases(table)
    answered, words = bench.fping_unchunked(4, hosts_of(4, 100_000))
    print(f"\nfping over 100,000 hosts without chunks: {answered:,} answered; it says: {words!r}")
    small = bench.library("raw", 4, 100_000, 1, 1)
    print(f"the smallest receive buffer (2,304 bytes), 100,000 hosts: {small.answered:,} answered, "
          f"{small.extra['drops']:.0f} dropped, {small.wall / 100_000:.2f} us each")
    print_single_calls(arguments.programs)
    print_one_ping(arguments.programs, 500 if arguments.quick else 3_000)
    print_stops(arguments.programs, *((100_000, 6_400) if arguments.quick else (1_000_000, 64_000)))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(table, file, indent=1)


if __name__ == "__main__":
    main()
