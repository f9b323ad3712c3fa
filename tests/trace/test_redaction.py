"""What a trace leaves out of headers and URLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from requests_bg96.trace.redaction import shown_header, shown_url

#: URLs as a caller or a server may write them, with a secret in each.
ATTACKS = {
    "http://me:SECRET@host/a": "http://host/a",
    "http://me:SEC@SECRET@host/a": "http://host/a",
    "//me:SECRET@host/a": "//host/a",
    r"\\me:SECRET@host/a": r"\\host/a",
    r"http:\\me:SECRET@host\a": r"http:\\host\a",
    "http:me:SECRET@host/a": "http:host/a",
    "http:/me:SECRET@host/a": "http:/host/a",
    " \thttp://me:SECRET@host/a": " \thttp://host/a",
    "http://me:SECRET@[::1]:80/a": "http://[::1]:80/a",
    "http://me:SECRET/rest@host/a": "http://me:redacted/rest@host/a",
    "http://me:SECRET?rest@host/a": "http://me:redacted?redacted",
    "http://me:SECRET#rest@host/a": "http://me:redacted#redacted",
    "http://host/a?token=SECRET": "http://host/a?token=redacted",
    "http://host/a?token=x=SECRET": "http://host/a?token=redacted",
    "http://host/a?b=1;token=SECRET": "http://host/a?b=redacted",
    "http://host/a?SECRET": "http://host/a?redacted",
    "http://host/a?SECRET=": "http://host/a?redacted",
    "http://host/a?SECRET==": "http://host/a?redacted",
    "http://host/a?=SECRET": "http://host/a?=redacted",
    "http://host/a?b&SECRET": "http://host/a?redacted&redacted",
    "http://host/a?b?token=SECRET": "http://host/a?b?token=redacted",
    "http://host?token=SECRET": "http://host?token=redacted",
    "http://host/a#access_token=SECRET": "http://host/a#redacted",
    "/a#?SECRET": "/a#redacted",
    "?token=SECRET": "?token=redacted",
    "#SECRET": "#redacted",
    "http://host/a;jsessionid=SECRET/b": "http://host/a;jsessionid=redacted/b",
    "http://host/a;b=1;c=SECRET?d": "http://host/a;b=redacted;c=redacted?redacted",
    "http://host/a?\ntoken=SECRET": "http://host/a?\ntoken=redacted",
}
#: URLs that have none.
PLAIN = [
    "http://host/",
    "http://host:8080/a/@me/b:c",
    "http://[::1]:8080/a",
    "http://[::1]/a",
    "/a/@me",
    "../a@b/c:d",
    "",
]


@pytest.mark.parametrize("url", ATTACKS)
def test_no_secret_in_a_url(url: str) -> None:
    assert shown_url(url, secrets=False) == ATTACKS[url]
    assert shown_header("Location", url, secrets=False) == ATTACKS[url]


@pytest.mark.parametrize("url", PLAIN)
def test_the_rest_stays(url: str) -> None:
    assert shown_url(url, secrets=False) == url


@given(
    st.text("sS/\\?#@:;=& \t", max_size=12),
    st.text("/\\?#=&;:", min_size=1, max_size=3),
)
def test_no_password_in_any_url(before: str, behind: str) -> None:
    """What may stand in a password is gone, whatever stands around the URL."""
    found = shown_url(f"http://me:SECRET@host/{behind}{before}", secrets=True)
    assert "SECRET" not in found and found.startswith("http://host/")


@given(st.text("?#=&;ab", max_size=12), st.text("?#&=;ab", max_size=6))
def test_no_value_in_any_query(before: str, behind: str) -> None:
    assert "SECRET" not in shown_url(
        f"http://host/?{before}=SECRET{behind}", secrets=False
    )


def test_harmless_headers() -> None:
    for name in ("Content-Type", "DATE", "server"):
        assert shown_header(name, "value", secrets=False) == "value"


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "proxy-authorization", "COOKIE", "Set-Cookie"),
        *("X-Api-Key", "WWW-Authenticate", "ETag", "If-None-Match", "", "Date "),
    ],
)
def test_all_other_headers(name: str) -> None:
    """What is not on the list may be a secret, and is one if it was asked for."""
    assert shown_header(name, "SECRET", secrets=False) == "redacted"
    assert shown_header(name, "SECRET", secrets=True) == "SECRET"


def test_secrets_without_a_password() -> None:
    shown = "http://host:SECRET/a;b=SECRET?c=SECRET#SECRET"
    url = shown.replace("host", "me:word@host")
    assert shown_url(url, secrets=True) == shown
    assert shown_header("Referer", url, secrets=True) == shown
