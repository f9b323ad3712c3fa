"""twine: the upload of a wheel."""

from __future__ import annotations

import base64
import contextlib
import email
import email.message
import hashlib
import io
import os
import pathlib
import zipfile
from typing import Any

from twine.commands import upload

from tests.servers import App, Reply, Request, reply

from .place import Place, Program

METADATA = "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n"
WHEEL = (
    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
)
#: Does not get smaller, and is the same each time.
NOISE = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(10_000))


def _fields(request: Request) -> dict[str, Any]:
    head = f"Content-Type: {request.one('Content-Type')}\n\n".encode()
    form: email.message.Message = email.message_from_bytes(head + request.body)
    return {
        str(part.get_param("name", header="Content-Disposition")): part.get_payload(
            decode=True
        )
        for part in form.walk()
        if not part.is_multipart()
    }


def app() -> App:
    """An index that compares the digest, and answers with a status only."""

    def answer(request: Request) -> Reply:
        basic = base64.b64encode(b"__token__:secret").decode()
        if request.all("Authorization") != [f"Basic {basic}"]:
            return reply("403 Forbidden")
        fields = _fields(request)
        digest = hashlib.sha256(fields["content"]).hexdigest().encode()
        good = fields["sha256_digest"] == digest and fields["name"] == b"thing"
        return reply("200 OK" if good else "400 Bad Request")

    return answer


def _wheel(directory: pathlib.Path) -> pathlib.Path:
    path = directory / "thing-1.0-py3-none-any.whl"
    parts: dict[str, str | bytes] = {
        "thing.py": "",
        "noise.bin": NOISE,
        "thing-1.0.dist-info/METADATA": METADATA,
        "thing-1.0.dist-info/WHEEL": WHEEL,
        "thing-1.0.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as file:
        for name, data in parts.items():
            file.writestr(zipfile.ZipInfo(name), data)
    return path


def use(place: Place) -> Any:
    """Upload it; then with a wrong password."""
    wheel, said, found = _wheel(place.directory), io.StringIO(), []
    for password in ("secret", "wrong"):
        arguments = ["--repository-url", f"{place.url}legacy/", "-u", "__token__"]
        arguments += ["-p", password, "--cert", place.ca, "--non-interactive"]
        arguments += ["--disable-progress-bar", os.fspath(wheel)]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                found.append(str(upload.main(arguments)))
            except Exception as error:
                found.append(f"{type(error).__name__}: {str(error)[:3]}")
    return found, wheel.stat().st_size


PROGRAM = Program("twine", "a wheel of 320 kB, and a wrong password", app, use)
