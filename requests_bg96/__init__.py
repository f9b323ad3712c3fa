"""A transport adapter for requests that sends over a Quectel BG96."""

from .adapter import BG96Adapter
from .download import DigestError, DownloadError, download
from .errors import BG96Error
from .installation import install, uninstall
from .modem import BG96Modem

__all__ = (
    "BG96Adapter",
    "BG96Error",
    "BG96Modem",
    "DigestError",
    "DownloadError",
    "download",
    "install",
    "uninstall",
)
