"""Read the body of a response as it comes, with the exceptions of requests.

`requests.Response.iter_content` waits until a whole piece is there, and loses what has
come of it if the response breaks off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
import urllib3.exceptions as urllib3_errors
from requests import exceptions

__all__ = ("pieces_of",)

#: The most bytes of a piece, as in the buffer of `http.client`. A socket of the module
#: reads several times on one line only for a reader who takes so much.
PIECE = 8192
#: The same without `read1` (urllib3 before 2.1): there, a piece is waited for as a
#: whole, and is lost if the response breaks off inside it.
WHOLE_PIECE = 8


def pieces_of(response: requests.Response, *, decode: bool = True) -> Iterator[bytes]:
    """Yield the body of `response`, which was not read yet, piece by piece.

    :param decode: whether to undo the Content-Encoding.
    :raises requests.RequestException: of the class that `iter_content` raises.
    """
    raw = response.raw
    has_read1 = hasattr(raw, "read1")
    read = raw.read1 if has_read1 else raw.read
    size = PIECE if has_read1 else WHOLE_PIECE
    with _requests_errors(response):
        while piece := read(size, decode_content=decode):
            yield piece


@contextmanager
def _requests_errors(response: requests.Response) -> Iterator[None]:
    try:
        yield
    except urllib3_errors.ProtocolError as error:
        raise exceptions.ChunkedEncodingError(error, response=response) from error
    except urllib3_errors.DecodeError as error:
        raise exceptions.ContentDecodingError(error, response=response) from error
    except urllib3_errors.SSLError as error:
        raise exceptions.SSLError(error, response=response) from error
    except urllib3_errors.HTTPError as error:
        raise exceptions.ConnectionError(error, response=response) from error
