"""Search by coverage, with atheris: ``python -m tests.fuzz``.

Each target has a process of its own. libFuzzer ends it when its time is over, or when
it has found something.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys

from tests.fuzz.seeds import TARGETS, seeds

#: The most seconds, and MiB of memory, of one input.
PATIENCE, MEMORY = 20, 1_024
#: The bytes of the longest input.
LENGTH = 12_288


def main() -> int:
    """Search as the command line says; return nonzero if something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", metavar="target", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument(
        "--folder",
        type=pathlib.Path,
        default=pathlib.Path("build/fuzz"),
        help="for the inputs that lead on, and for those that fail",
    )
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    failed = [
        name
        for name in options.targets or TARGETS
        if not search(name, options.seconds, options.folder / name)
    ]
    for name in failed:
        print(f"{name} has failed; the input is in {options.folder / name}")
    return bool(failed)


def search(name: str, seconds: int, folder: pathlib.Path) -> bool:
    """Search one target; return whether nothing was found."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    print(f"{name}, {seconds} s", flush=True)
    command = [
        *(sys.executable, "-m", "tests.fuzz.one", name, str(corpus)),
        f"-max_total_time={seconds}",
        f"-artifact_prefix={folder}/",
        f"-timeout={PATIENCE}",
        f"-rss_limit_mb={MEMORY}",
        f"-max_len={LENGTH}",
        "-print_final_stats=1",
    ]
    return subprocess.run(command).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
