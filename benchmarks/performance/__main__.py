"""Measure, print the tables, and write the page."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import os
import pathlib
import platform
import re
import ssl
from collections.abc import Sequence
from importlib.metadata import version

from benchmarks.performance import page
from benchmarks.performance.report import Effort, Part, Row

#: Without 20 MB and 10,000 requests.
QUICK = Effort(most_bytes=200_000, most_requests=100)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for.

    :param arguments: the arguments; those of the command line by default.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.performance")
    names = [part.name for part in page.PARTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--repeats", type=int, default=Effort.repeats)
    parser.add_argument("--quick", action="store_true", help="write nothing")
    parser.add_argument("--write", action="store_true", help="measure nothing")
    options = parser.parse_args(arguments)
    most = QUICK if options.quick else Effort()
    effort = dataclasses.replace(most, repeats=options.repeats)
    for part in page.PARTS:
        if part.name in options.only and not options.write:
            rows = measured(part, effort)
            if not options.quick:
                keep(part, rows)
    if options.quick:
        return
    for name, text in page.files(page.load()).items():
        (page.DOCS / name).write_text(text, encoding="utf-8")


def measured(part: Part, effort: Effort) -> list[Row]:
    """Measure one part; print its table while it grows."""
    rows, head = [], "".join(f"{one:>{_width(one)}}" for one in part.columns)
    print(f"\n{part.title}\n{part.first:<54}{head}")
    for row in part.measure(effort):
        cells = (
            f"{'' if value is None else form.format(value):>{_width(name)}}"
            for (name, form), value in zip(part.columns.items(), row.values)
        )
        print(f"{row.name:<54}{''.join(cells)}", flush=True)
        rows.append(row)
    return rows


def _width(heading: str) -> int:
    return max(10, len(heading) + 2)


def keep(part: Part, rows: list[Row]) -> None:
    """Keep the figures of one part, beside those of the others."""
    figures = page.load()
    figures["parts"][part.name] = rows
    figures["about"] = about()
    page.save(figures)


def about() -> dict[str, str]:
    """Return what the figures depend on."""
    cpu = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*: (.+)$", cpu, re.MULTILINE)
    name = model[1] if model else platform.processor()
    names = ("requests", "urllib3", "pyserial", "requests-bg96")
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} x {name}, load {os.getloadavg()[2]:.1f}",
        "system": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_version()}, {ssl.OPENSSL_VERSION}",
        "versions": ", ".join(f"{name} {version(name)}" for name in names),
        "command": "python -m benchmarks.performance",
    }


if __name__ == "__main__":
    main()
