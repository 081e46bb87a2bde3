"""Replays logs through a policy on Spark, and reports what one run reports.

Each log is imported into a native trace, the calls are split by grant, each
share is piped in the order of time through `mcppolicy test`, and the shares'
reports are merged. Spark moves the lines; what they mean stays with mcppolicy.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from pyspark.sql import SparkSession


def share_of(name: bytes, shares: int) -> int:
    """The share of a grant, from 0: FNV-1a as docs/scale.md has it."""
    state = 0xCBF29CE484222325
    for byte in name:
        state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return state % shares


def shares_for(call: dict, shares: int):
    """Where a call goes: to its grant's share, or to all when that is unknown."""
    if "grant" not in call:
        # The calls of a log that name none share one grant.
        return [share_of(b"\0" + call["origin"]["file"].encode(), shares)]
    if call["grant"] is None:
        return range(shares)
    return [share_of(call["grant"].encode(), shares)]


def import_log(mcppolicy: str, options: list, work: tuple) -> str:
    """Imports one log; the trace's path. Runs in a worker."""
    log, trace = work
    subprocess.run([mcppolicy, "import", log, "-o", trace, *options], check=True)
    return trace


def keyed(shares: int, file: int, numbered: tuple):
    """The copies of a line, each with its share and its place in time."""
    line, number = numbered
    call = json.loads(line)
    if "mcppolicy" in call:
        return
    if "every" in call:
        raise ValueError(f"line {number + 1}: a call repeated over time cannot be sorted by time")
    # Times are written in UTC: text sorts as they do, but for the fraction.
    second, _, fraction = call.get("ts", "").rstrip("Z").partition(".")
    moment = (second == "", second, fraction.ljust(9, "0"), file, number)
    for share in shares_for(call, shares):
        yield (share, *moment), line


def replay(command: list, shares: int, index: int, rows):
    """Pipes one share through mcppolicy; its number and its report. Runs in a worker."""
    with tempfile.TemporaryFile() as report:
        share = f"given:{index + 1}/{shares}"
        test = subprocess.Popen(
            [*command, "--partition", share], stdin=subprocess.PIPE, stdout=report
        )
        with test.stdin as pipe:
            for _, line in rows:
                pipe.write(line.encode() + b"\n")
        if test.wait() not in (0, 1):
            report.seek(0)
            raise RuntimeError(f"share {share}: exit code {test.returncode}: {report.read()!r}")
        report.seek(0)
        yield index, report.read()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("logs", nargs="+", help="logs of any format that mcppolicy reads")
    parser.add_argument("--policy", required=True)
    parser.add_argument("--shares", type=int, default=8)
    parser.add_argument("--report", default="report.json", help="where to write the merged JSON")
    parser.add_argument("--work", help="where to keep traces and shares [default: a temporary directory]")
    parser.add_argument("--master", default="local[*]", help="Spark's master")
    parser.add_argument("--import-option", action="append", default=[], help="passed on to import, as --import-option=--grant-from=user")
    parser.add_argument("--test-option", action="append", default=[], help="passed on to test, as --test-option=--allow-unasserted")
    parser.add_argument("--check", action="store_true", help="also run it in one piece, and compare")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    found = os.environ.get("MCPPOLICY") or shutil.which("mcppolicy")
    if not found:
        sys.exit("mcppolicy is not on the PATH; set MCPPOLICY to it")
    mcppolicy = os.path.abspath(found)
    work = Path(args.work or tempfile.mkdtemp(prefix="mcppolicy-spark-")).absolute()
    (work / "traces").mkdir(parents=True, exist_ok=True)
    (work / "shares").mkdir(exist_ok=True)
    test = [mcppolicy, "test", "--policy", os.path.abspath(args.policy), "--format", "json"]
    test += args.test_option

    spark = (
        SparkSession.builder.appName("mcppolicy")
        .master(args.master)
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    context = spark.sparkContext
    context.setLogLevel("WARN")
    begun = time.monotonic()

    logs = [(os.path.abspath(log), str(work / "traces" / f"{at:06}.jsonl")) for at, log in enumerate(args.logs)]
    importing = partial(import_log, mcppolicy, args.import_option)
    traces = context.parallelize(logs, len(logs)).map(importing).collect()

    lines = [
        context.textFile(f"file://{trace}").zipWithIndex().flatMap(partial(keyed, args.shares, file))
        for file, trace in enumerate(traces)
    ]
    shared = context.union(lines).repartitionAndSortWithinPartitions(
        args.shares, lambda key: key[0]
    )
    # Equal times are in the order of the traces and their lines, as in one run.
    streamed = [*test, "-"]
    reports = shared.mapPartitionsWithIndex(partial(replay, streamed, args.shares)).collect()
    paths = []
    for index, report in sorted(reports):
        paths.append(work / "shares" / f"{index + 1:06}.json")
        paths[-1].write_bytes(report)
    spark.stop()

    merged = subprocess.run(
        [mcppolicy, "merge", *paths, "--format", "json"], stdout=subprocess.PIPE
    )
    Path(args.report).write_bytes(merged.stdout)
    print(f"{args.shares} shares, {time.monotonic() - begun:.1f} s, exit code {merged.returncode}: {args.report}")
    if args.check:
        begun = time.monotonic()
        whole = subprocess.run(
            [*test, "--timeline", "merged", "--at-origin", *traces], stdout=subprocess.PIPE
        )
        same = (whole.stdout, whole.returncode) == (merged.stdout, merged.returncode)
        print(f"one run, {time.monotonic() - begun:.1f} s: {'the same bytes' if same else 'ANOTHER REPORT'}")
        if not same:
            return 70
    return merged.returncode


if __name__ == "__main__":
    sys.exit(main())
