"""The suite, from the sdist of the installed version of requests."""

from __future__ import annotations

import importlib.metadata
import pathlib
import shutil
import subprocess
import sys
import tarfile


def fetch(work: pathlib.Path) -> pathlib.Path:
    """Unpack the sdist under `work`, and return its top folder.

    The wheel does not have the tests, so ``pip download`` gets the sdist.
    """
    name = f"requests-{importlib.metadata.version('requests')}"
    suite = work / name
    if suite.exists():
        shutil.rmtree(suite)
    work.mkdir(parents=True, exist_ok=True)
    with tarfile.open(_download(work, name)) as archive:
        archive.extractall(work, filter="data")
    return suite


def _download(work: pathlib.Path, name: str) -> pathlib.Path:
    archive = work / f"{name}.tar.gz"
    if not archive.exists():
        requirement = name.replace("-", "==")
        options = ["--quiet", "--no-deps", "--no-binary", "requests"]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", *options, requirement],
            cwd=work,
            check=True,
        )
    return archive
