"""Files with known checksums."""

from __future__ import annotations

import certifi


def certificate(name: str) -> bytes:
    """Return one root certificate in PEM, as its owner publishes it."""
    with open(certifi.where(), encoding="ascii", errors="replace") as bundle:
        text = bundle.read()
    start = text.index("-----BEGIN", text.index(f"# Subject: CN={name} "))
    end = text.index("-----END CERTIFICATE-----", start)
    return text[start:end].encode() + b"-----END CERTIFICATE-----\n"


def filler(length: int, checksum: int) -> bytes:
    """Return bytes with a given checksum, for a file with unknown content."""
    words = [0x2D2D] * (length // 2)
    total = checksum ^ (0x2D00 if length % 2 else 0)
    for word in words[1:]:
        total ^= word
    words[0] = total
    data = b"".join(word.to_bytes(2, "big") for word in words)
    return data + b"-" * (length % 2)


AMAZON = certificate("Amazon Root CA 1")
ISRG = certificate("ISRG Root X1")

#: The files that transcripts name.
FILES = {
    "AmazonRootCA1.pem": AMAZON,
    "certificate": filler(1220, 0x7317),
    "private": filler(1675, 0x372),
    "ISRG": ISRG,
}

#: Bodies of which only the length is known.
FILES |= {f"body{size}": b"-" * size for size in (177, 285, 559, 5472, 10750, 547256)}
FILES |= {f"body{size}": b"-" * size for size in (22, 83, 519, 1500, 3524)}
