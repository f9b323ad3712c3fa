"""Requests over the module against stock requests over PPP, in virtual time."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from benchmarks.certified import Certified, certified
from benchmarks.performance.dialogue import BAUDRATES, JOBS, Job, warm
from benchmarks.performance.report import Effort, Part, Row
from benchmarks.ppp import over_ppp
from benchmarks.recorded import Recorder, recorders
from benchmarks.socket_bench import Bench, Cost

__all__ = ("PPP",)

Costs = dict[str, Cost]


def _measure(effort: Effort) -> Iterator[Row]:
    with certified() as servers:
        with recorders(servers.contexts, servers.root) as recorded:
            for baudrate in BAUDRATES:
                for scheme, recorder in recorded.items():
                    yield from _of_scheme(effort, baudrate, scheme, recorder, servers)


def _of_scheme(
    effort: Effort,
    baudrate: int,
    scheme: str,
    recorder: Recorder,
    servers: Certified,
) -> Iterator[Row]:
    for job in JOBS:
        # A large upload with TLS differs from one without by a handshake.
        if max(job.size, job.body) > effort.most_bytes or (
            scheme != "http" and job.body > 100_000
        ):
            continue
        costs = _by_module(baudrate, scheme, job, servers)
        for new in (True, False):
            found = sorted(
                _over_ppp(baudrate, recorder, job, new) for _ in range(effort.repeats)
            )
            costs["PPP new" if new else "PPP kept"] = found[len(found) // 2]
        # The servers do not wait for long.
        recorder.session.close()
        yield _row(f"{baudrate:,}, {scheme}: {job.name}", costs)


def _over_ppp(baudrate: int, recorder: Recorder, job: Job, new: bool) -> Cost:
    if new:
        recorder.session.close()
    return over_ppp(recorder.record(job.size, job.body), baudrate, new=new)


def _by_module(baudrate: int, scheme: str, job: Job, servers: Certified) -> Costs:
    line, context = (baudrate, 0.0), servers.contexts[scheme]
    costs: Costs = {}
    # The module's own TLS is TLS 1.2.
    if scheme != "TLS 1.3":
        costs["line"] = warm(Bench(line, "line"), job, **_options(context, servers))
    bench, options = Bench(line, "socket", context), _options(context, servers)
    # The module is set up. Neither a connection nor a session to resume is there.
    bench.ask(1, headers={"Connection": "close"})
    costs["socket new"] = bench.cost(lambda: bench.ask(job.size, job.body, **options))
    costs["socket kept"] = warm(bench, job, **options)
    return costs


def _options(context: ssl.SSLContext | None, servers: Certified) -> dict[str, str]:
    return {} if context is None else {"scheme": "https", "verify": servers.root}


def _row(name: str, costs: Costs) -> Row:
    ways = ("PPP new", "socket new", "line", "PPP kept", "socket kept")
    found = [costs.get(way) for way in ways]
    new, socket_new, line, kept, socket_kept = (one and one.seconds for one in found)
    assert new and kept and socket_new and socket_kept
    by_line = (line and line / new, line and line / kept)
    ratios = (*by_line, socket_new / new, socket_kept / kept)
    seconds = (new, line, socket_new, kept, socket_kept)
    return Row(name, (*seconds, *ratios, *(one and one.bytes for one in found)))


PPP = Part(
    name="ppp",
    title="Against stock requests over PPP",
    text="""\
With PPP, the kernel of the host makes TCP over the same line, and stock requests
needs no adapter. It needs root, ``pppd``, and a port that nothing else uses. The
machine on which this page was made has no PPP in its kernel. So **PPP is modelled**:
what stock requests and a server exchange is recorded on loopback, put into TCP
segments, IP packets and PPP frames (``benchmarks/ppp.py``), and timed at the speed of
the line. The model is kind to PPP: no packet is lost or late, no window is full,
acknowledgements take no time, and neither names nor the start of PPP cost anything. A
live PPP can only be slower.

*New* opens a connection, *kept* uses one again. By line, the module opens one for
each request. The network takes 60 ms, and the module answers at once; a module that
needs 5 ms for an answer adds 15 ms to a small GET. The servers show a leaf and an
intermediate certificate, with RSA keys, of 1.6 kB together; longer chains cost PPP
and sockets more. The module's own TLS has no TLS 1.3.

The bytes of PPP include those that close a new connection. A socket is closed later,
with 19 bytes more.

Where a ratio is above 1, PPP is faster. So it is for a small request by line, if PPP
keeps its connection.
""",
    first="Speed, scheme, request",
    columns={
        "PPP new s": "{:.3f}",
        "line s": "{:.3f}",
        "socket new s": "{:.3f}",
        "PPP kept s": "{:.3f}",
        "socket kept s": "{:.3f}",
        "line / PPP new": "{:.2f}",
        "line / PPP kept": "{:.2f}",
        "socket new / PPP new": "{:.2f}",
        "socket kept / PPP kept": "{:.3f}",
        "PPP new bytes": "{:,.0f}",
        "socket new bytes": "{:,.0f}",
        "line bytes": "{:,.0f}",
        "PPP kept bytes": "{:,.0f}",
        "socket kept bytes": "{:,.0f}",
    },
    measure=_measure,
    drawn=(
        "line / PPP new",
        "line / PPP kept",
        "socket new / PPP new",
        "socket kept / PPP kept",
    ),
)
