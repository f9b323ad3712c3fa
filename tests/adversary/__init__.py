"""A server that attacks those who read its responses over a modem.

The module prints the bytes of a server on the line of its own answers. So a server may
try to imitate the module. The server of these tests

* knows the code of client and module. It has a module of its own (`impostor`), which
  hears all bytes of the client, so it answers each command as the module would;
* sees each byte that the host writes, at once, except the random words of the
  question whether the module listens;
* answers at once or at any time, and closes its connection or keeps it.

Like any server, it can send nothing while the module does not print its response.
`plans` has its actions, and `stage` is where it meets the client. `trial` plays a plan
and checks what must never happen. ``python -m tests.adversary`` plays any number of
plans. `cases` has those against the module's HTTP client, and `socket_cases` those
against its sockets, where the line may change bytes, too.
"""
