"""TLS of this machine over sockets that are not this machine's.

urllib3 and `ssl` do all of it. `SSLTransport` of urllib3 makes TLS over anything that
looks like a socket, which `ssl.SSLContext.wrap_socket` cannot. What is added here:
contexts are made once and not for each connection, sessions are resumed, and a
connection that is kept knows whether the server has closed it.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import os
import ssl
import threading
from collections.abc import Hashable
from contextlib import suppress
from typing import Any, cast

from urllib3.connection import HTTPSConnection, ProxyConfig
from urllib3.util.ssl_ import (
    create_urllib3_context,
    resolve_cert_reqs,
    resolve_ssl_version,
)
from urllib3.util.ssltransport import SSL_BLOCKSIZE, SSLTransport

__all__ = ("HostTLS", "ModuleContext", "TLSSocket")

#: Contexts that an adapter keeps. It has one for each `verify` and `cert` in use.
MOST_CONTEXTS = 16
#: Servers of which a context keeps a session.
MOST_SESSIONS = 64

#: With this version, a ticket is for one connection.
TICKETS_ONCE = "TLSv1.3"


class Sessions:
    """The TLS sessions of one context, by the server that they were made with.

    They are kept in memory only.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: collections.OrderedDict[Hashable, tuple[ssl.SSLSession, bool]]
        self._found = collections.OrderedDict()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with {len(self._found)} servers>"

    def take(self, server: Hashable) -> ssl.SSLSession | None:
        """Return a session to resume; a ticket of TLS 1.3 is returned only once.

        A ticket that is used twice would show that both connections come from one
        client (RFC 8446 appendix C.4).
        """
        with self._lock:
            session, once = self._found.get(server, (None, False))
            if once:
                del self._found[server]
            return session

    def keep(self, server: Hashable, session: ssl.SSLSession, *, once: bool) -> None:
        """Keep a session for the next connection to `server`."""
        with self._lock:
            self._found[server] = session, once
            self._found.move_to_end(server)
            if len(self._found) > MOST_SESSIONS:
                self._found.popitem(last=False)


@dataclasses.dataclass(frozen=True)
class _Trust:
    """All that decides whom a connection trusts, and what it shows.

    A session is never resumed by a connection with other values.

    :param given: the caller's own context; None makes one as urllib3 does.
    :param files: what tells whether a file has changed.
    """

    given: ssl.SSLContext | None
    cert_reqs: int
    ca_certs: str | None
    ca_cert_dir: str | None
    ca_cert_data: str | bytes | None
    cert_file: str | None
    key_file: str | None
    key_password: str | None = dataclasses.field(repr=False)
    ssl_version: int | str | None
    ssl_minimum_version: int | None
    ssl_maximum_version: int | None
    assert_hostname: str | bool | None
    assert_fingerprint: str | None
    files: tuple[Hashable, ...] = ()

    @classmethod
    def of(cls, connection: HTTPSConnection) -> _Trust:
        """Return that of `connection`."""
        names = [field.name for field in dataclasses.fields(cls)][2:-1]
        values = {name: getattr(connection, name) for name in names}
        paths = (
            connection.ca_certs,
            connection.ca_cert_dir,
            connection.cert_file,
            connection.key_file,
        )
        return cls(
            given=connection.ssl_context,
            cert_reqs=resolve_cert_reqs(cast(Any, connection.cert_reqs)),
            files=tuple(map(_version, paths)),
            **values,
        )

    def context(self) -> ssl.SSLContext:
        """Return the context as urllib3 makes it, without the files."""
        if self.given is not None:
            return self.given
        context = create_urllib3_context(
            ssl_version=resolve_ssl_version(self.ssl_version),
            ssl_minimum_version=self.ssl_minimum_version,
            ssl_maximum_version=self.ssl_maximum_version,
            cert_reqs=self.cert_reqs,
        )
        # Without tickets, TLS 1.2 resumes only with servers that keep its sessions.
        context.options &= ~ssl.OP_NO_TICKET
        if not (self.ca_certs or self.ca_cert_dir or self.ca_cert_data):
            context.load_default_certs()
        return context


def _version(path: str | None) -> Hashable:
    """Return what changes if the file at `path` is written or replaced."""
    if path is None:
        return None
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class _Made:
    """A context, with what was done to it and the sessions that it has made.

    :param trust: what it is for.
    """

    def __init__(self, trust: _Trust) -> None:
        self.context: ssl.SSLContext = trust.context()
        self.sessions: Sessions = Sessions()
        self._lock = threading.Lock()
        self._done: set[Hashable] = set()

    def once(self, name: str, *arguments: Any) -> None:
        """Call a method of the context, unless it was called with these arguments."""
        call = (name, *arguments)
        with self._lock:
            if call not in self._done:
                getattr(self.context, name)(*arguments)
                self._done.add(call)

    def set(self, name: str, value: Any) -> None:
        """Set an attribute of the context, unless it has this value.

        Other threads may be using the context.
        """
        with self._lock:
            if getattr(self.context, name) != value:
                setattr(self.context, name, value)


class HostTLS:
    """Makes the contexts of connections: one for all that trust the same."""

    def __init__(self) -> None:
        self._made = functools.lru_cache(MOST_CONTEXTS)(_Made)

    def context_for(self, connection: HTTPSConnection) -> ModuleContext:
        """Return the context for the next TLS of `connection`."""
        tunnel = connection._tunnel_host, connection._tunnel_port
        own = cast(Any, connection)
        server = (connection.host, connection.port, *tunnel, own.socks)
        made = self._made(_Trust.of(connection))
        return ModuleContext(made, server, resumes=own.resumes)

    def proxy_context_for(
        self, connection: HTTPSConnection, config: ProxyConfig
    ) -> ModuleContext:
        """Return the context for TLS to the proxy of `connection`.

        urllib3 trusts the same CAs for it, if the caller has no context for it.
        """
        given, trust = config.ssl_context, _Trust.of(connection)
        trust = dataclasses.replace(
            trust,
            given=given,
            cert_reqs=trust.cert_reqs if given is None else given.verify_mode,
            cert_file=None,
            key_file=None,
            key_password=None,
            assert_hostname=config.assert_hostname,
            assert_fingerprint=config.assert_fingerprint,
        )
        server = connection.host, connection.port, "proxy"
        context = ModuleContext(self._made(trust), server)
        cas = trust.ca_certs, trust.ca_cert_dir, trust.ca_cert_data
        if given is None and any(cas):
            context.load_verify_locations(*cas)
        return context


class ModuleContext:
    """An `ssl.SSLContext` for one connection over a socket of the module.

    It looks like the context that it uses. But it makes TLS over any socket-like
    object, and does nothing twice that changes the context.

    :param made: the context that it uses.
    :param server: names the server, for its sessions.
    :param resumes: whether sessions are resumed.
    """

    def __init__(
        self, made: _Made, server: tuple[Hashable, ...], *, resumes: bool = True
    ) -> None:
        vars(self).update(_made=made, _server=server, _resumes=resumes, _resumed=None)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["_made"].context, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._made.set(name, value)

    def load_verify_locations(self, *arguments: Any) -> None:
        """Load CA certificates, unless that was done.

        :raises OSError: if they cannot be loaded.
        """
        self._made.once("load_verify_locations", *arguments)

    def load_cert_chain(self, *arguments: Any) -> None:
        """Load the client's certificate and key, unless that was done.

        :raises OSError: if they cannot be loaded.
        """
        self._made.once("load_cert_chain", *arguments)

    def set_alpn_protocols(self, protocols: list[str]) -> None:
        """Set the protocols to offer (RFC 7301)."""
        self._made.once("set_alpn_protocols", tuple(protocols))

    def wrap_socket(self, sock: Any, server_hostname: str | None = None) -> TLSSocket:
        """Make TLS over `sock`, and return it once the handshake is complete.

        :raises OSError: `ssl.SSLError` if the handshake fails.
        """
        return TLSSocket(sock, self, server_hostname)

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """Return TLS over memory that resumes a session, if there is one."""
        session = None
        if self._resumes:
            name = self._name(options.get("server_hostname"))
            session = self._made.sessions.take(name)
        vars(self).update(_resumed=session)
        made: ssl.SSLObject = self._made.context.wrap_bio(
            *arguments, **options, session=session
        )
        return made

    def keep(self, sslobj: ssl.SSLObject) -> bool:
        """Keep the session of `sslobj`; return whether it can be resumed.

        The server of TLS 1.3 sends what is needed for that after the handshake.
        """
        session, once = sslobj.session, sslobj.version() == TICKETS_ONCE
        if session is None or not (session.has_ticket or (session.id and not once)):
            return False
        if once and session == self._resumed:
            return False
        name = self._name(sslobj.server_hostname)
        self._made.sessions.keep(name, session, once=once)
        return True

    def _name(self, server_hostname: str | None) -> Hashable:
        return (*self._server, server_hostname)


class TLSSocket(SSLTransport):
    """TLS over a socket of the module.

    :param sock: the socket.
    :param context: checks the server.
    :param server_hostname: the name that the server must have.
    :raises OSError: `ssl.SSLError` if the handshake fails.
    """

    def __init__(
        self, sock: Any, context: ModuleContext, server_hostname: str | None
    ) -> None:
        #: None once the session is kept.
        self._keeping: ModuleContext | None = context
        try:
            super().__init__(sock, cast(ssl.SSLContext, context), server_hostname)
        except ssl.SSLError:
            # Tell the server why. Its log is where somebody will look for the reason.
            with suppress(OSError, AttributeError):
                sock.sendall(self.outgoing.read())
            raise

    @property
    def _sslobj(self) -> Any:
        """The object of this name in `ssl.SSLSocket`, which elastic-transport asks."""
        return cast(Any, self.sslobj)._sslobj

    def get_verified_chain(self) -> list[bytes]:
        """Return the certificates up to the CA, in DER (Python 3.13 or later)."""
        return cast("list[bytes]", cast(Any, self.sslobj).get_verified_chain())

    @property
    def _io_refs(self) -> int:
        """The files that use the socket; for TLS over this TLS."""
        return cast(int, self.socket._io_refs)  # type: ignore[attr-defined]

    @_io_refs.setter
    def _io_refs(self, count: int) -> None:
        self.socket._io_refs = count  # type: ignore[attr-defined]

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> Any:
        """Read into `buffer`; return the number of bytes, 0 at the end."""
        count = super().recv_into(buffer, nbytes, flags)
        self._keep_session()
        cast(Any, self.socket).count_received(count)
        return count

    def _keep_session(self) -> None:
        """Keep the session once it can be resumed.

        This is not called before the first response. By then, urllib3 has checked the
        server.
        """
        if self._keeping is not None and self._keeping.keep(self.sslobj):
            self._keeping = None

    def shutdown(self, how: int) -> None:
        """End the connection for its readers, in any thread."""
        self.socket.shutdown(how)

    def is_idle(self) -> bool:
        """Return whether the connection is open, and nothing more has come.

        Call it only if the last response is complete. The bytes that have come may be
        the server's end, or tickets, which nobody reads meanwhile.
        """
        try:
            while True:
                with suppress(ssl.SSLWantReadError):
                    self.sslobj.read(1)
                    return False
                self._keep_session()
                sock = cast(Any, self.socket)
                if not sock.wait_readable(0.0):
                    return True
                if not (data := sock.recv(SSL_BLOCKSIZE)):
                    return False
                self.incoming.write(data)
        except OSError:
            return False
