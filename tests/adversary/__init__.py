"""A server that attacks whoever reads its responses by a modem.

The module hands the bytes of a server out on the line on which it speaks itself, so a
server may try to pass for the module. The one that is played here

* knows the client's code and the module's, and has a module of its own that is told
  all that the client says (`impostor`), so that it answers any command as the module
  would;
* sees every byte that the host writes to its port, at once, all but the random words
  by which the client asks whether it is the module that answers;
* answers at once, or whenever it likes, and closes its connection or keeps it.

What it cannot do is what no server can: say anything while the module is not handing
out its response. `plans` are what it does, `stage` is where it meets the client, and
`trial` plays a plan and says what must never happen. ``python -m tests.adversary``
plays as many plans as it is told to.
"""
