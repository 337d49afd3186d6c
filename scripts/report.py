"""report.py RESULTS SUITE...: sums up what the suites left in RESULTS.

A suite leaves SUITE.xml (JUnit, as ctest writes it) or SUITE.tsv (`pass|fail|skip<TAB>name[<TAB>why]`).
A suite that left nothing, or nothing but skipped tests, counts as one failure: silence is no pass.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def read_junit(path):
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        status = case.get("status")
        if status == "run" and case.find("failure") is None and case.find("error") is None:
            yield "pass", case.get("name"), ""
        elif case.find("skipped") is not None or status in ("notrun", "disabled"):
            reason = case.find("skipped")
            yield "skip", case.get("name"), "" if reason is None else reason.get("message", "")
        else:
            yield "fail", case.get("name"), ""


def read_tsv(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        verdict, name, why = (line.split("\t") + ["", ""])[:3]
        if verdict not in ("pass", "fail", "skip"):
            verdict, why = "fail", f"unreadable result line: {line}"
        yield verdict, name, why


def read_suite(results, suite):
    try:
        if (results / f"{suite}.xml").exists():
            return list(read_junit(results / f"{suite}.xml"))
        if (results / f"{suite}.tsv").exists():
            return list(read_tsv(results / f"{suite}.tsv"))
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        return [("fail", "its result file", str(error))]
    return []


def main():
    results, suites = pathlib.Path(sys.argv[1]), sys.argv[2:]
    totals = {"pass": 0, "fail": 0, "skip": 0}
    named = {"fail": [], "skip": []}
    print(f"\n{'suite':<14}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for suite in suites:
        rows = read_suite(results, suite)
        if not any(verdict != "skip" for verdict, _, _ in rows):
            rows.append(("fail", "the suite itself", "it ran no test"))
        counts = {key: sum(verdict == key for verdict, _, _ in rows) for key in totals}
        print(f"{suite:<14}{counts['pass']:>8}{counts['fail']:>8}{counts['skip']:>9}")
        for verdict, name, why in rows:
            totals[verdict] += 1
            if verdict in named:
                named[verdict].append(f"  {suite}: {name}" + (f" ({why})" if why else ""))
    for verdict, title in (("skip", "Skipped"), ("fail", "Failed")):
        if named[verdict]:
            print(f"\n{title}:", *named[verdict], sep="\n")
    print(f"\n{totals['pass']} passed, {totals['fail']} failed, {totals['skip']} skipped")
    return 1 if totals["fail"] else 0


if __name__ == "__main__":
    sys.exit(main())
