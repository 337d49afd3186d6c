"""The official conformance packages against the real host, in every revision.

One row per invocation and scenario goes to conformance.tsv (one per scenario when it is skipped). The verdicts are read from the checks
that the packages write, and held against baseline.yml here: the packages' own comparison works per
invocation, so that one baseline for all revisions would be stale in each.
"""

import argparse
import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from e2e import Host  # noqa: E402  (the same host, started in the same way)

OLD, NEW = "0.1.16", "0.2.0-alpha.12"

# package, arguments, number of scenarios that it must run: fewer would be a silent gap
INVOCATIONS = (
    (OLD, ("--suite", "active"), 30),
    (OLD, ("--suite", "all"), 32),
    (OLD, ("--suite", "all", "--spec-version", "2025-06-18"), 26),
    (OLD, ("--suite", "all", "--spec-version", "2025-11-25"), 32),
    (NEW, ("--requirements", "2025-11-25"), 33),
    (NEW, ("--requirements", "2026-07-28"), 50),
    (NEW, ("--suite", "all"), 65),
    (NEW, ("--suite", "all", "--spec-version", "2025-03-26"), 1),
    (NEW, ("--suite", "all", "--spec-version", "2025-06-18"), 27),
    (NEW, ("--suite", "all", "--spec-version", "2025-11-25"), 33),
    (NEW, ("--suite", "all", "--spec-version", "2026-07-28"), 40),
)
PATIENCE = 600  # seconds for one invocation


class Baseline:
    """What may fail, and whether it still does."""

    def __init__(self, path):
        self.entries = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("server") or []
        self.used = set()

    def covers(self, scenario, check):
        for entry in (scenario, f"{scenario}:{check}"):
            if entry in self.entries:
                self.used.add(entry)
                return True
        return False

    def stale(self):
        return [entry for entry in self.entries if entry not in self.used]


def scenarios(folder):
    """Scenario name -> its checks, of one invocation."""
    out = {}
    for path in sorted(folder.glob("*/checks.json")):
        name = re.sub(r"-\d{4}-\d\d-\d\dT[\d-]+Z$", "", path.parent.name).removeprefix("server-")
        out[name] = json.loads(path.read_text(encoding="utf-8"))
    return out


def verdict(scenario, checks, baseline):
    """pass, fail or skip, and why."""
    bad = [c for c in checks if c["status"] in ("FAILURE", "WARNING")]
    unexpected = [c for c in bad if not baseline.covers(scenario, c["id"])]
    if unexpected:
        return "fail", "; ".join(f"{c['id']} {c['status']}: {c.get('errorMessage') or c['description']}"
                                 for c in unexpected)
    if bad:
        return "skip", "in the baseline: " + ", ".join(sorted({c["id"] for c in bad}))
    if not any(c["status"] == "SUCCESS" for c in checks):
        return "skip", "the package skips it"
    return "pass", ""


class Invocation:
    def __init__(self, options, package, arguments, wanted):
        self.options, self.package, self.arguments, self.wanted = options, package, arguments, wanted
        words = [w for w in arguments if not w.startswith("--")]
        self.name = f"{package} {' '.join(words)}"
        self.folder = options.results / "conformance" / self.name.replace(" ", "_")
        self.rows = []
        self.skipped = []  # (scenario, why)

    def run(self, url, baseline):
        program = HERE / self.package / "node_modules/.bin/conformance"
        done = subprocess.run([self.options.node, program, "server", "--url", url, *self.arguments,
                               "--output-dir", self.folder], cwd=HERE, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=PATIENCE)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "output.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
        found = scenarios(self.folder)
        counts = collections.Counter(c["status"] for checks in found.values() for c in checks)
        print(f"{self.name}: {len(found)} scenarios, {counts['SUCCESS']} checks passed, "
              f"{counts['FAILURE']} failed, {counts['WARNING']} warnings, {counts['SKIPPED']} skipped", flush=True)
        for scenario, checks in found.items():
            self.row(*verdict(scenario, checks, baseline), scenario)
        if len(found) != self.wanted:
            self.row("fail", f"{len(found)} scenarios left checks, not {self.wanted}: {done.stderr[-200:]}",
                     "all scenarios run")
        return self.rows

    def row(self, status, why, scenario):
        why = " ".join(why.split())[:400]
        if status == "skip":
            self.skipped.append((scenario, why))
            return
        self.rows.append(f"{status}\t{self.name}: {scenario}\t{why}")
        if status == "fail":
            print(f"  {status}: {scenario} {why}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--node", required=True)
    options = parser.parse_args()
    options.build, options.results = options.build.resolve(), options.results.resolve()
    shutil.rmtree(options.results / "conformance", ignore_errors=True)
    (options.results / "conformance").mkdir(parents=True)
    baseline, rows = Baseline(HERE / "baseline.yml"), []
    skipped = collections.defaultdict(lambda: collections.defaultdict(list))
    with tempfile.TemporaryDirectory(prefix="fmcp_conformance_") as cwd:
        host = Host([str(options.build / "bin/fastmcp-host"), "run", str(options.build / "tests/plugins/conformance.so"),
                     "--plugin-dir", cwd, "--transport", "http", "--port", "0"],
                    options.results / "conformance/host.log", cwd)
        try:
            for package, arguments, wanted in INVOCATIONS:
                invocation = Invocation(options, package, arguments, wanted)
                rows += invocation.run(host.url, baseline)
                for scenario, why in invocation.skipped:
                    skipped[scenario][why].append(invocation.name)
        finally:
            code = host.stop()
    rows.append(f"{'pass' if code == 0 else 'fail'}\tthe host ends in order\texit code {code}")
    # Once per scenario, or the list would be too long for anybody to read.
    for scenario, reasons in skipped.items():
        rows.append(f"skip\t{scenario}\t" + "; ".join(f"{why}, in {len(names)} invocations"
                                                      for why, names in reasons.items()))
    rows += [f"fail\tbaseline entry {entry}\tit fails nowhere any more: remove it" for entry in baseline.stale()]
    (options.results / "conformance.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return any(row.startswith("fail") for row in rows)


if __name__ == "__main__":
    sys.exit(main())
