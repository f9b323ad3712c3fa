"""install: nothing bypasses the modem, nothing is lost, and nothing remains."""

from __future__ import annotations

import contextlib
import copy
import inspect
import pathlib
import pickle
import socket
import ssl
import threading
import unittest.mock
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool

from requests_bg96 import BG96Adapter, BG96Modem, install, uninstall
from requests_bg96.clock import Deadline
from requests_bg96.emulator import Delay, Emulator, SystemClock
from requests_bg96.errors import PortError
from requests_bg96.modem import ModemState
from tests.https_support import URL, RecordingServers, root_file, secured
from tests.support import SOMEWHERE, Rig, response, rig

pytestmark = pytest.mark.filterwarnings("ignore:.*get_connection:DeprecationWarning")

#: All names that `install` may change.
TOUCHED = [
    (requests.Session, "__init__"),
    (requests.Session, "__setstate__"),
    (requests.Session, "send"),
    (requests.Session, "mount"),
    (requests.Session, "get_adapter"),
    (HTTPAdapter, "send"),
    (HTTPAdapter, "poolmanager"),
    (HTTPAdapter, "proxy_manager_for"),
    (HTTPConnectionPool, "urlopen"),
]


def touched() -> list[object]:
    """Their current values."""
    return [vars(owner).get(name) for owner, name in TOUCHED]


@pytest.fixture(autouse=True)
def left_as_it_was() -> Iterator[None]:
    """Each test must leave requests and urllib3 unchanged."""
    before = touched()
    yield
    assert touched() == before


@contextlib.contextmanager
def pickling_rig() -> Iterator[Rig]:
    """A modem in real time, because a virtual clock cannot be pickled."""
    with rig(clock=SystemClock()) as made:
        yield made


@pytest.fixture
def made() -> Iterator[Rig]:
    """An installed modem."""
    with pickling_rig() as found, install(found.adapter):
        yield found


def check(session: requests.Session, made: Rig) -> None:
    """Check that a request of `session` goes over the modem."""
    count = len(made.servers.requests)
    assert session.get(SOMEWHERE).content == b"hello"
    assert len(made.servers.requests) == count + 1


def is_closed(made: Rig) -> bool:
    """Whether the port was given back."""
    return made.modem.state is ModemState.CLOSED


# Adapters from any source

#: Made while nothing was installed.
EARLIER = requests.Session()


class Older(HTTPAdapter):
    """An adapter as before requests 2.32."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send with a pool from get_connection, and without the base class."""
        pool = self.get_connection(request.url, kwargs.get("proxies"))
        raw = pool.urlopen(
            request.method,
            request.path_url,
            headers=request.headers,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        return self.build_response(request, raw)


class Itself(Older):
    """An adapter that uses its pool manager itself."""

    def get_connection(self, url: Any, proxies: Any = None) -> Any:
        """Return a pool."""
        return self.poolmanager.connection_from_url(url)


class Manager(HTTPAdapter):
    """An adapter with a pool manager of its own."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make it."""
        self.poolmanager = urllib3.PoolManager(num_pools=1, maxsize=1)


class Elsewhere(HTTPAdapter):
    """An adapter with pools of its own."""

    def get_connection_with_tls_context(self, request: Any, *_: Any, **__: Any) -> Any:
        """Return a pool."""
        return urllib3.connection_from_url(request.url)


class Socks(HTTPAdapter):
    """An adapter with the pool manager of a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make it."""
        self.poolmanager = urllib3.ProxyManager("http://proxy.example:3128")


class Proxied(HTTPAdapter):
    """An adapter with a proxy of its own."""

    def get_connection_with_tls_context(self, request: Any, *_: Any, **__: Any) -> Any:
        """Return a pool."""
        manager = urllib3.ProxyManager("http://proxy.example:3128")
        return manager.connection_from_url(request.url)


class Validating(urllib3.PoolManager):
    """A manager that checks the target of a connection, against forged requests."""


class Validated(HTTPAdapter):
    """An adapter with such a manager."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make it."""
        self.poolmanager = Validating()


class ClassesOfItsOwn(HTTPAdapter):
    """An adapter with connections of its own."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the manager."""
        super().init_poolmanager(*args, **kwargs)

        class Pool(HTTPConnectionPool):
            pass

        self.poolmanager.pool_classes_by_scheme = {"http": Pool}


class Unreachable(BG96Adapter):
    """A subclass of ours that makes other pools."""

    def get_connection_with_tls_context(self, request: Any, *_: Any, **__: Any) -> Any:
        """Return a pool."""
        return urllib3.connection_from_url(request.url)


class Wrapped(BG96Adapter):
    """A subclass of ours with another manager."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make it."""
        self.poolmanager = urllib3.PoolManager(num_pools=1)


class OwnSend(requests.Session):
    """A session with a method `send` of its own."""

    def send(self, request: Any, **kwargs: Any) -> requests.Response:
        """Send without the base class."""
        return HTTPAdapter().send(request)


def mounted(adapter: BaseAdapter) -> requests.Session:
    """A session with this adapter."""
    session = requests.Session()
    session.mount(prefix="http://", adapter=adapter)
    return session


def assigned(adapter: BaseAdapter) -> requests.Session:
    """A session whose adapters were assigned directly."""
    session = requests.Session()
    session.adapters["http://"] = adapter
    return session


WAYS: dict[str, Callable[[], requests.Session]] = {
    "new": requests.Session,
    "made before": lambda: EARLIER,
    "deep-copied": lambda: copy.deepcopy(requests.Session()),
    "made before, deep-copied": lambda: copy.deepcopy(EARLIER),
    "pickled": lambda: pickle.loads(pickle.dumps(requests.Session())),
    "made before, pickled": lambda: pickle.loads(pickle.dumps(EARLIER)),
    "mounted": lambda: mounted(HTTPAdapter()),
    "mounted, deep-copied": lambda: copy.deepcopy(mounted(HTTPAdapter())),
    "mounted, pickled": lambda: pickle.loads(pickle.dumps(mounted(HTTPAdapter()))),
    "assigned": lambda: assigned(HTTPAdapter()),
    "get_connection": lambda: mounted(Older()),
    "get_connection, assigned": lambda: assigned(Older()),
    "its own way to its manager": lambda: mounted(Itself()),
    "a manager of its own": lambda: mounted(Manager()),
    "a manager of its own, assigned": lambda: assigned(Manager()),
    "a session that sends": OwnSend,
}


@pytest.mark.parametrize("way", WAYS)
def test_no_other_socket(way: str, made: Rig, no_sockets: None) -> None:
    """Copied, pickled, assigned or subclassed, it uses the modem."""
    check(WAYS[way](), made)


@pytest.mark.parametrize("way", WAYS)
def test_no_other_socket_without_a_session(
    way: str, made: Rig, no_sockets: None
) -> None:
    """An adapter alone does not bypass the modem, either."""
    adapter = WAYS[way]().get_adapter(SOMEWHERE)
    prepared = requests.Request("GET", SOMEWHERE).prepare()
    assert isinstance(adapter, HTTPAdapter)
    assert adapter.send(prepared).content == b"hello"
    pool = adapter.get_connection(SOMEWHERE)
    assert pool.urlopen("GET", "/path").data == b"hello"
    assert len(made.servers.requests) == 2


def test_no_other_socket_after_a_redirect(no_sockets: None) -> None:
    """Any adapter may get the redirect."""
    there = response(b"", b"Location: http://other.example/", status=b"302 Found")
    with rig(there, response(b"hello")) as made, install(made.adapter):
        assert mounted(Older()).get(SOMEWHERE).content == b"hello"
        assert [host for host, _ in made.servers.hosts][-1] == "other.example"


@pytest.mark.parametrize("kind", [Elsewhere, Validated, ClassesOfItsOwn])
def test_connections_of_an_adapter_s_own(
    kind: type[HTTPAdapter], made: Rig, no_sockets: None
) -> None:
    """The modem cannot use them, and the error names them."""
    session = mounted(kind())
    with pytest.raises(
        requests.ConnectionError, match="(Pool|Validating) makes.*nothing was sent"
    ):
        session.get(SOMEWHERE)
    assert not made.servers.requests


@pytest.mark.parametrize("kind", [Socks, Proxied])
def test_a_proxy_of_an_adapter_s_own(
    kind: type[HTTPAdapter], made: Rig, no_sockets: None
) -> None:
    """It would bypass the modem."""
    with pytest.raises(requests.exceptions.ProxyError, match="reached past the modem"):
        mounted(kind()).get(SOMEWHERE)
    assert not made.servers.requests


@pytest.mark.parametrize("way", ["new", "made before", "mounted", "get_connection"])
@pytest.mark.parametrize("proxy", ["http://p.example:1", "socks5://p.example:1"])
def test_a_proxy_from_the_environment(
    way: str,
    proxy: str,
    made: Rig,
    monkeypatch: pytest.MonkeyPatch,
    no_sockets: None,
) -> None:
    """It is refused, of any kind."""
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(requests.exceptions.ProxyError, match="trust_env = False"):
        WAYS[way]().get(SOMEWHERE)
    assert not made.servers.requests


@pytest.mark.parametrize("kind", [Wrapped, Unreachable])
def test_subclasses_of_ours(kind: type[BG96Adapter], no_sockets: None) -> None:
    """They do not bypass the modem even if nothing is installed."""
    with rig() as made:
        made.session.mount("http://", kind(made.modem))
        if kind is Wrapped:
            check(made.session, made)
        else:
            with pytest.raises(
                requests.ConnectionError, match="makes its own connections"
            ):
                made.get()
            assert not made.servers.requests


class UnixAdapter(HTTPAdapter):
    """As in requests-unixsocket: a scheme and pools of its own."""

    def get_connection_with_tls_context(self, request: Any, *_: Any, **__: Any) -> Any:
        """Return a pool with connections to the socket at the path in the host."""
        path = urllib.parse.unquote(urllib.parse.urlsplit(request.url).netloc)

        class Connection(urllib3.connection.HTTPConnection):
            def connect(self) -> None:
                self.sock = socket.socket(socket.AF_UNIX)
                self.sock.connect(path)

        pool = HTTPConnectionPool("localhost")
        pool.ConnectionCls = Connection
        return pool


def test_another_scheme(made: Rig, tmp_path: pathlib.Path) -> None:
    """It is not changed."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(response(b"by the socket"))

        thread = threading.Thread(target=serve)
        thread.start()
        session = requests.Session()
        session.mount("http+unix://", UnixAdapter())
        url = f"http+unix://{urllib.parse.quote(path, safe='')}/"
        assert session.get(url).content == b"by the socket"
        thread.join()
    assert not made.servers.requests
    check(session, made)


def test_an_adapter_of_another_kind(made: Rig) -> None:
    """An adapter that is not an HTTPAdapter is not changed: it is usually a fake."""

    class Fake(BaseAdapter):
        def send(self, *args: Any, **kwargs: Any) -> Any:
            answer = requests.Response()
            answer.status_code = 299
            return answer

    assert mounted(Fake()).get(SOMEWHERE).status_code == 299


def test_another_modem_that_is_mounted(made: Rig) -> None:
    """A session with a modem of its own keeps it."""
    with rig(response(b"other")) as other:
        session = mounted(BG96Adapter(other.modem))
        assert session.get(SOMEWHERE).content == b"other"
        assert EARLIER.get(SOMEWHERE).content == b"hello"


# What the module cannot do

PIN = "aa" * 32


class With(HTTPAdapter):
    """An adapter with these settings for its pools."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the manager."""
        super().init_poolmanager(*args, **{**kwargs, **self.settings})


class OursWith(BG96Adapter):
    """The same, as a subclass of ours."""

    settings: dict[str, Any] = {}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the manager."""
        super().init_poolmanager(*args, **{**kwargs, **self.settings})


class LaterWith(HTTPAdapter):
    """An adapter with settings for each pool, for example the host of one."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        super().__init__()

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send with the settings where HostHeaderSSLAdapter puts them."""
        self.poolmanager.connection_pool_kw.update(self.settings)
        return super().send(*args, **kwargs)


class PoolWith(HTTPAdapter):
    """An adapter that changes the pool."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        super().__init__()

    def cert_verify(self, conn: Any, *args: Any) -> None:
        """Set what is to be checked."""
        super().cert_verify(conn, *args)
        for name, value in self.settings.items():
            target = vars(conn) if name in vars(conn) else conn.conn_kw
            target[name] = value


def pinned(made: Rig, **settings: Any) -> Iterator[requests.Session]:
    """Sessions with adapters that want `settings`."""
    for kind in (With, LaterWith, PoolWith):
        session = requests.Session()
        session.mount("https://", kind(**settings))
        yield session
    ours = type("Ours", (OursWith,), {"settings": settings})
    session = requests.Session()
    session.mount("https://", ours(made.modem))
    yield session


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("assert_fingerprint", PIN),
        ("ssl_context", ssl.create_default_context()),
        ("assert_hostname", "another.example"),
        ("server_hostname", "another.example"),
        ("ssl_minimum_version", ssl.TLSVersion.TLSv1_3),
        ("ssl_maximum_version", ssl.TLSVersion.TLSv1_1),
        ("ssl_version", ssl.PROTOCOL_TLSv1_2),
        ("key_password", "secret"),
        pytest.param(
            "ca_cert_data",
            "-----BEGIN CERTIFICATE-----",
            marks=pytest.mark.skipif(
                "key_ca_cert_data" not in urllib3.poolmanager.PoolKey._fields,
                reason="urllib3 has no such setting for pools before 2.1",
            ),
        ),
    ],
)
def test_what_the_module_cannot_do(
    name: str, value: Any, verify: bool, tmp_path: pathlib.Path, no_sockets: None
) -> None:
    """It is refused by its name, before a byte of the request is sent."""
    servers = RecordingServers()
    trust: Any = root_file(tmp_path) if verify else False
    with secured(servers) as made, install(made.adapter):
        for session in pinned(made, **{name: value}):
            with pytest.raises(requests.exceptions.SSLError, match=name) as caught:
                session.get(URL, verify=trust, auth=("user", "secret"))
            assert "CA" not in str(caught.value)
        assert not servers.requests and not servers.seen


def test_an_address_of_this_machine(no_sockets: None) -> None:
    """The module has no such address."""
    with rig() as made, install(made.adapter):
        session = mounted(With(source_address=("192.0.2.1", 0)))
        with pytest.raises(requests.ConnectionError, match="source_address"):
            session.get(SOMEWHERE)
        assert not made.servers.requests


def test_what_it_can_do(tmp_path: pathlib.Path, no_sockets: None) -> None:
    """An adapter's own CA, set as requests does, is the module's."""
    servers = RecordingServers()
    trust = root_file(tmp_path)
    with secured(servers) as made, install(made.adapter):
        for session in (mounted(HTTPAdapter()), EARLIER, requests.Session()):
            assert session.get(URL, verify=trust).content == b"hello"
        hostless = With(assert_hostname=False)
        session = requests.Session()
        session.mount("https://", hostless)
        assert session.get(URL, verify=trust).content == b"hello"
        with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
            assert EARLIER.get(URL, verify=False).content == b"hello"
    assert servers.levels[0] == 1 and servers.levels[-1] == 0


def test_what_verify_means(tmp_path: pathlib.Path) -> None:
    """All adapters use the certificates of the installed one."""
    servers = RecordingServers()
    adapter = {"ca_certs": root_file(tmp_path)}
    with secured(servers, adapter=adapter) as made, install(made.adapter):
        session = requests.Session()
        session.mount("https://", HTTPAdapter())
        assert session.get(URL).content == b"hello"
        assert EARLIER.get(URL).content == b"hello"
        # Those of requests are 200 kB.
        assert len(made.written) < 20_000
    with secured(servers, adapter=adapter) as made:
        with install(made.adapter):
            session = requests.Session()
            session.mount("https://", HTTPAdapter())
        assert session.get(URL).content == b"hello"
        assert len(made.written) < 20_000
        session.close()


# An adapter of its own for each session


def test_settings_of_one_session(made: Rig) -> None:
    """A library's settings of its adapter are for that session only."""
    one, two = requests.Session(), requests.Session()
    adapter = one.get_adapter(SOMEWHERE)
    assert isinstance(adapter, BG96Adapter) and adapter.modem is made.modem
    adapter.max_retries = urllib3.Retry(7)
    adapter.timeout = (1, 1)
    adapter.init_poolmanager(1, 1)
    for session in (two, requests.Session()):
        other = session.get_adapter(SOMEWHERE)
        assert isinstance(other, BG96Adapter)
        assert other.max_retries.total == 0 and list(other.timeout) == [150, 60]
        check(session, made)
    assert made.adapter.max_retries.total == 0
    check(one, made)


def test_retries_of_the_installed_one() -> None:
    """Each session has the retries that the adapter was given."""
    with rig(adapter={"max_retries": 3}) as made, install(made.adapter):
        found = requests.Session().get_adapter(SOMEWHERE)
        assert isinstance(found, BG96Adapter) and found.max_retries.total == 3


def test_retries_of_a_mounted_adapter() -> None:
    """They work over the modem."""
    busy = response(b"", status=b"503 Busy")
    retry = urllib3.Retry(2, status_forcelist=[503])
    with rig(busy, busy, response(b"hello")) as made, install(made.adapter):
        session = mounted(HTTPAdapter(max_retries=retry))
        assert session.get(SOMEWHERE).content == b"hello"
        assert len(made.servers.requests) == 3


@pytest.mark.parametrize("way", ["new", "made before", "mounted", "get_connection"])
def test_errors_of_any_adapter(way: str, made: Rig) -> None:
    """They are of requests' own classes."""
    host = ".".join(["x" * 60] * 12)
    with pytest.raises(requests.exceptions.InvalidURL, match="700"):
        WAYS[way]().get(f"http://{host}/")


@pytest.mark.parametrize(
    ("owner", "name"),
    [(HTTPAdapter, "send"), (HTTPAdapter, "proxy_manager_for")],
)
def test_signatures(owner: type, name: str, made: Rig) -> None:
    """They are those of the replaced methods."""
    found = vars(owner)[name]
    stock = inspect.signature(found.__wrapped__)
    own = inspect.signature(found, follow_wrapped=False)
    assert list(own.parameters) == list(stock.parameters)
    assert [each.kind for each in own.parameters.values()] == [
        each.kind for each in stock.parameters.values()
    ]


def test_arguments_by_name(made: Rig) -> None:
    """elastic-transport mounts so, and other libraries send so."""
    session = requests.Session()
    session.mount(prefix="http://", adapter=HTTPAdapter())
    prepared = session.prepare_request(requests.Request("GET", SOMEWHERE))
    assert session.send(request=prepared).content == b"hello"
    adapter = session.get_adapter(url=SOMEWHERE)
    assert adapter.send(request=prepared, timeout=30).content == b"hello"


# Leaving


def test_leaving_during_a_request() -> None:
    """The request continues, nothing is raised, and everything is as before."""
    began = threading.Event()
    outcome: list[object] = []

    def slow(request: Any) -> Iterator[Any]:
        began.set()
        yield Delay(0.5)
        yield response(b"hello")

    def ask() -> None:
        try:
            outcome.append(requests.get(SOMEWHERE).content)
        except BaseException as error:
            outcome.append(error)

    before = touched()
    with rig(slow, clock=SystemClock()) as made:
        thread = threading.Thread(target=ask)
        with install(made.adapter):
            thread.start()
            assert began.wait(30)
        assert touched() == before
        requests.Session()
        thread.join()
        assert outcome == [b"hello"]
        assert is_closed(made)


def test_leaving_while_the_modem_is_busy_for_long(no_sockets: None) -> None:
    """If a request takes longer than `close` waits, that is not an error."""
    before = touched()
    with rig() as made:
        context = install(made.adapter)
        with made.modem.engine.turn(Deadline(made.clock, 1)):
            thread = threading.Thread(target=context.__exit__, args=(None,) * 3)
            thread.start()
            thread.join()
        assert touched() == before
        check(made.session, made)


@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_any_order(order: str) -> None:
    """The last one that is still installed is used."""
    before = touched()
    with rig(response(b"a")) as a, rig(response(b"b")) as b, rig(response(b"c")) as c:
        rigs = {"a": a, "b": b, "c": c}
        installed = [(name, install(rigs[name].adapter)) for name in "abc"]
        contexts = dict(installed)
        left = ["a", "b", "c"]
        for name in order:
            assert requests.get(SOMEWHERE).text == EARLIER.get(SOMEWHERE).text
            assert requests.get(SOMEWHERE).text == left[-1]
            left.remove(name)
            contexts[name].__exit__(None, None, None)
        assert touched() == before


def test_the_same_one_twice(made: Rig) -> None:
    """It is left as often as it was entered. Further calls do nothing."""
    with install(made.adapter):
        check(requests.Session(), made)
        uninstall(made.adapter)
        check(requests.Session(), made)
    check(requests.Session(), made)
    uninstall(BG96Adapter(made.modem))
    check(requests.Session(), made)


def test_many_threads(made: Rig) -> None:
    """Threads that enter, leave and make sessions do not affect each other."""
    errors: list[BaseException] = []

    def come_and_go() -> None:
        try:
            for _ in range(60):
                with install(BG96Adapter(made.modem)):
                    session = requests.Session()
                    session.mount("http://", HTTPAdapter())
                copy.deepcopy(session).close()
        except BaseException as error:
            errors.append(error)

    before = touched()
    threads = [threading.Thread(target=come_and_go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert touched() == before
    check(requests.Session(), made)


#: Methods that other libraries patch, for traces and for fakes.
PATCHED = [
    (requests.Session, "__init__"),
    (requests.Session, "send"),
    (HTTPAdapter, "send"),
    (HTTPConnectionPool, "urlopen"),
]


@contextlib.contextmanager
def another_patch(owner: Any, name: str, calls: list[str]) -> Iterator[None]:
    """A patch of a method by another library. It records each call."""
    below = vars(owner)[name]

    def theirs(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return below(*args, **kwargs)

    with unittest.mock.patch.object(owner, name, theirs):
        yield


@pytest.mark.parametrize(("owner", "name"), PATCHED)
@pytest.mark.parametrize("theirs_first", [True, False])
@pytest.mark.parametrize("they_stay", [True, False])
def test_beside_another_patch(
    owner: Any, name: str, theirs_first: bool, they_stay: bool, no_sockets: None
) -> None:
    """In any order of entering and leaving, both work, and nothing remains."""
    stock = vars(owner)[name]
    calls: list[str] = []
    with rig() as made:
        theirs = another_patch(owner, name, calls)
        ours = install(made.adapter) if not theirs_first else None
        theirs.__enter__()
        ours = ours or install(made.adapter)
        check(requests.Session(), made)
        assert calls
        calls.clear()
        first, second = (ours, theirs) if they_stay else (theirs, ours)
        first.__exit__(None, None, None)
        with requests.Session() as session:
            session.mount("http://", BG96Adapter(made.modem))
            check(session, made)
        assert bool(calls) is they_stay
        if not they_stay:
            check(requests.Session(), made)
        second.__exit__(None, None, None)
        # A patch below another goes at its first use after we left.
        requests.Session().mount("http://", BG96Adapter(made.modem))
        made.get()
    assert vars(owner)[name] is stock


def test_sessions_that_were_made_before(
    made: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They work as before."""
    session = requests.Session()
    with rig(response(b"inner")) as inner:
        earlier, adapters = EARLIER, dict(EARLIER.adapters)
        with install(inner.adapter):
            assert earlier.get(SOMEWHERE).content == b"inner"
            assert session.get(SOMEWHERE).content == b"hello"
        assert dict(earlier.adapters) == adapters
        assert earlier.get(SOMEWHERE).content == b"hello"
        assert is_closed(inner)


AFTERWARDS: dict[str, Callable[[], requests.Session]] = {
    "new": requests.Session,
    "mounted": lambda: mounted(HTTPAdapter(max_retries=2)),
    "assigned": lambda: assigned(HTTPAdapter()),
    "get_connection": lambda: mounted(Older()),
    "a manager of its own": lambda: mounted(Manager()),
    "pickled": lambda: pickle.loads(pickle.dumps(requests.Session())),
    "mounted, deep-copied": lambda: copy.deepcopy(mounted(HTTPAdapter())),
}


@pytest.mark.parametrize("way", AFTERWARDS)
@pytest.mark.parametrize("copied", [False, True])
def test_sessions_that_were_made_meanwhile(
    way: str, copied: bool, no_sockets: None
) -> None:
    """They continue to use the modem, and give the port back when they are closed."""
    with pickling_rig() as made:
        with install(made.adapter):
            session = AFTERWARDS[way]()
            check(session, made)
        assert is_closed(made)
        if copied:
            session = pickle.loads(pickle.dumps(session))
        check(session, made)
        session.proxies["http"] = "http://proxy.example:1"
        with pytest.raises(requests.exceptions.ProxyError):
            session.get(SOMEWHERE)
        assert not is_closed(made)
        session.close()
        assert is_closed(made)


def test_what_the_module_cannot_do_afterwards(
    tmp_path: pathlib.Path, no_sockets: None
) -> None:
    """A session made meanwhile still refuses it."""
    servers = RecordingServers()
    with secured(servers) as made:
        with install(made.adapter):
            session = requests.Session()
            session.mount("https://", With(assert_fingerprint=PIN))
            elsewhere = mounted(Elsewhere())
        with pytest.raises(requests.exceptions.SSLError, match="assert_fingerprint"):
            session.get(URL, verify=root_file(tmp_path))
        with pytest.raises(requests.ConnectionError, match="makes its own connections"):
            elsewhere.get(SOMEWHERE)
        assert not servers.requests


def test_an_adapter_that_others_have_too() -> None:
    """Only sessions that were made meanwhile continue to use the modem."""
    shared = HTTPAdapter()
    earlier = requests.Session()
    earlier.mount("http://", shared)
    with rig() as made:
        with install(made.adapter):
            session = mounted(shared)
            check(earlier, made)
        assert earlier.get_adapter(SOMEWHERE) is shared
        assert type(shared.poolmanager) is urllib3.PoolManager
        check(session, made)
        assert isinstance(session.get_adapter(SOMEWHERE), HTTPAdapter)
        session.close()


# One module


def copied(session: requests.Session) -> list[requests.Session]:
    """Copies of the session."""
    return [copy.deepcopy(session), pickle.loads(pickle.dumps(session))]


def test_copies_of_a_session(made: Rig) -> None:
    """They share its module, in this process."""
    made.get()
    for session in copied(made.session):
        adapter = session.get_adapter(SOMEWHERE)
        assert isinstance(adapter, BG96Adapter) and adapter.modem is made.modem
        check(session, made)
        session.close()
    check(made.session, made)


def test_adapters_that_name_the_same_port() -> None:
    """They share the module, and none closes it while another uses it."""
    with rig() as made:
        other = BG96Adapter(made.emulator.url, clock=made.clock)
        assert other.modem is made.modem
        session = mounted(other)
        made.get()
        check(session, made)
        made.session.close()
        assert not is_closed(made)
        check(session, made)
        session.close()
        assert is_closed(made)
        # An adapter that does not use it does not keep it open.
        made.get()
        made.session.close()
        assert is_closed(made)


def test_an_adapter_that_is_gone() -> None:
    """An adapter that was dropped without close() does not keep the port open."""
    with rig() as made:
        session = mounted(BG96Adapter(made.emulator.url, clock=made.clock))
        check(session, made)
        made.get()
        del session
        made.session.close()
        assert is_closed(made)


def test_other_settings() -> None:
    """The port is open in this process. The error names the settings that differ."""
    with rig() as made:
        made.get()
        other = BG96Adapter(made.emulator.url, clock=made.clock, apn="x", pin="4321")
        assert other.modem is not made.modem
        opened = "this process has already opened it with another apn, pin"
        with pytest.raises(requests.ConnectionError, match=opened) as caught:
            mounted(other).get(SOMEWHERE)
        assert "4321" not in str(caught.value)
        explicit = BG96Modem(made.emulator.url, clock=made.clock)
        with pytest.raises(requests.ConnectionError, match="for another BG96Modem"):
            mounted(BG96Adapter(explicit)).get(SOMEWHERE)
        check(made.session, made)


def test_other_settings_by_another_name(tmp_path: pathlib.Path) -> None:
    """A link to a port is the same port."""
    with Emulator() as emulator, emulator.pty() as path:
        link = tmp_path / "modem"
        link.symlink_to(path)
        with BG96Modem(path):
            with pytest.raises(PortError, match="opened it with another apn"):
                BG96Modem(str(link), apn="x").open()


def test_private_ports() -> None:
    """A URL that makes a module is not the name of one."""
    for url in ("emulator://?model=BG96", "loop://", "spy://loop://", None):
        assert BG96Adapter(url).modem is not BG96Adapter(url).modem
    assert BG96Adapter("spy:///dev/x").modem is not None


def test_copies_of_an_explicit_modem(made: Rig) -> None:
    """It belongs to its owner, who closes it."""
    modem = made.modem
    session = mounted(BG96Adapter(modem))
    check(session, made)
    for other in copied(session):
        found = other.get_adapter(SOMEWHERE)
        assert isinstance(found, BG96Adapter) and found.modem is modem
        other.close()
        assert not is_closed(made)
    assert copy.copy(modem) is modem and copy.deepcopy(modem) is modem


def test_a_stream_under_another_adapter_s_close() -> None:
    """It is read to its end."""
    answer: list[Any] = [response(b"12345")[:-3], Delay(1), b"345"]
    with rig(answer, response(b"hello")) as made:
        other = mounted(BG96Adapter(made.emulator.url, clock=made.clock))
        stream = other.get(SOMEWHERE, stream=True)
        made.session.close()
        assert stream.content == b"12345"
