"""Build what is published twice, and try it: ``python -m tests.release``."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: The modules whose names users import. The types of the rest are checked by mypy.
PUBLIC = ("adapter", "clock", "errors", "files", "installation", "modem", "settings")
#: Tests that need no network and few seconds: they show that the archive has it all.
SOME_TESTS = ("tests/line/test_at.py", "tests/documents", "tests/plugin")


def run(*command: object, folder: pathlib.Path, **environment: str) -> str:
    """Run a command; return what it prints.

    :raises subprocess.CalledProcessError: if it fails; its output is shown first.
    """
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        print(done.stdout)
    done.check_returncode()
    return done.stdout


def build(sources: pathlib.Path, target: pathlib.Path) -> dict[str, str]:
    """Build the archive and the wheel; return their digests by name."""
    run(sys.executable, "-m", "build", "--outdir", target, folder=sources)
    files = target.iterdir()
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def check_build(work: pathlib.Path) -> pathlib.Path:
    """Build twice, in two places and at two times; return the first result.

    :raises SystemExit: if the results differ.
    """
    copy = work / "copy"
    ignored = shutil.ignore_patterns(".git", ".tox", ".venv", "__pycache__", "build")
    shutil.copytree(ROOT, copy, ignore=ignored)
    for path in copy.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    first, second = build(copy, work / "first"), build(ROOT, work / "second")
    if first != second:
        sys.exit(f"two builds differ: {first} and {second}")
    for name, digest in first.items():
        print(f"{digest}  {name}")
    print(run("twine", "check", "--strict", *(work / "first").iterdir(), folder=work))
    return work / "first"


def check_wheel(wheel: pathlib.Path, work: pathlib.Path) -> None:
    """Install the wheel alone, and make requests with it."""
    python = environment(work / "wheel", f"{wheel}[cli]")
    told = run(python, "-m", "requests_bg96", "demo", folder=work)
    print(told.splitlines()[-1])
    print(run(python, "-m", "requests_bg96", "--version", folder=work), end="")
    check_types(python, work)


def check_types(python: pathlib.Path, work: pathlib.Path) -> None:
    """Have pyright read the types of the installed package.

    :raises SystemExit: if a public name has no type that each checker understands.
    """
    pyright = shutil.which("pyright") or "pyright"
    # It asks the first python of the path where packages are.
    path = os.pathsep.join((str(python.parent), os.environ["PATH"]))
    done = subprocess.run(
        [pyright, "--ignoreexternal", "--outputjson", "--verifytypes", "requests_bg96"],
        cwd=work,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
    )
    # Its exit status counts names that are not public, too.
    symbols = json.loads(done.stdout)["typeCompleteness"]["symbols"]
    public = [one for one in symbols if is_public(one["name"])]
    unclear = [
        f"{one['name']}: {note['message']}"
        for one in public
        for note in one["diagnostics"]
        # This is of names below it, which are not public. mypy checks them.
        if "partially unknown" not in note["message"]
    ]
    if unclear or not public:
        sys.exit("pyright: " + "\n".join(unclear or ["no names"]))
    print(f"pyright: the types of {len(public)} public names are known")


def is_public(name: str) -> bool:
    """Return whether users may import `name`."""
    parts = name.split(".")[1:]
    hidden = any(part.startswith("_") for part in parts) or parts[-1:] == ["logger"]
    return not hidden and (len(parts) < 2 or parts[0] in PUBLIC)


def check_archive(archive: pathlib.Path, work: pathlib.Path) -> None:
    """Run tests from the archive of the sources, without the repository."""
    with tarfile.open(archive) as opened:
        opened.extractall(work / "sources")
    (sources,) = (work / "sources").iterdir()
    python = environment(work / "tests", f"{sources}[cli,test]")
    told = run(python, "-m", "pytest", "-q", *SOME_TESTS, folder=sources)
    print(f"from the archive: {told.splitlines()[-1]}")


def environment(folder: pathlib.Path, requirement: str) -> pathlib.Path:
    """Make an environment with a package; return its interpreter."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(python, "-m", "pip", "install", "--quiet", requirement, folder=folder)
    return python


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.release", description=__doc__
    )
    parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        built = check_build(work)
        wheel, archive = sorted(built.iterdir())
        check_wheel(wheel, work)
        check_archive(archive, work)


if __name__ == "__main__":
    main()
