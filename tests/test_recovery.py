"""What a line does to an exchange must not outlast it: the next request works again."""

from __future__ import annotations

import pytest

from tests.support import response, rig

#: More than a line may have, and no line end in it.
LONG = response(b"x" * 75_000)


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("rtscts", [True, False])
def test_port_lost_under_an_unread_response(closed: bool, rtscts: bool) -> None:
    """Whether it was given up or not, the next request opens the port again.

    The module goes on with the response meanwhile.
    """
    with rig(LONG, adapter={"rtscts": rtscts}, baudrate=921_600) as made:
        unread = made.get(stream=True)
        assert unread.raw.read(100)
        made.emulator.unplug()
        made.emulator.plug()
        if closed:
            unread.close()
        assert made.get(timeout=(30, 10)).content == b"x" * 75_000
