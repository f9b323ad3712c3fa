"""The times that this library waits, in seconds, and their order.

Timeouts of a caller are not here. Timeouts of single commands are in the dialogues. A
test checks `ORDER`.
"""

from __future__ import annotations

__all__: tuple[str, ...] = ()

# The module, by its manuals

#: A module answers AT within this time (AT manual 2).
MODULE_ANSWERS = 0.3
#: A module that restarts is silent for longer than this (hardware design manual 3.6.1).
MODULE_IS_MUTE = 4.0
#: The silence before and after "+++" (HTTP manual 1.3).
MODULE_GUARD = 1.0
#: The longest wait for CONNECT of AT+QHTTPGET and AT+QHTTPPOST (HTTP manual 2.3, 2.4).
MODULE_CONNECTS = 125.0
#: The module ends an upload of a file after this time without data, with an error.
MODULE_UPLOAD_SILENCE = 5

# The question whether the module listens

#: For the answer to each of its two lines.
QUESTION = 0.6
#: The same for a module that has just answered, if it took less than a third of this.
BRIEF = 0.1
#: After an OK, before the next command is given.
GAP = 0.05
#: After the question, for the rest of an exchange that was given up.
LATE = 0.3
#: For an OK after the result URC, if it comes at all.
OVERDUE = 1.0
#: Within this time after an answer, the next command goes out without an AT before it.
AWAKE = 1.0
#: Within this time after an answer, no module can have restarted unnoticed.
START = 3.0

# Data mode

#: More than the guard time of "+++", for a line that adds delays of its own.
GUARD = MODULE_GUARD + 0.05
#: For the confirmation of a block of an upload.
ACKNOWLEDGEMENT = 7.0
#: For reading the rest of a response, if that takes less time than leaving data mode.
DRAIN = 1.5
#: The same if DTR ends data mode, which takes some 0.1 s.
DRAIN_BY_DTR = 0.05
#: For measuring how fast the rest of a response comes.
DRAIN_TRIAL = 0.1

# The end of a response

#: Between the two halves of a trailer: on hardware, some 5 ms.
TRAILER_GAP = 0.03
#: The silence after which a line end is passed to the reader.
LINE_END = 0.1
#: The same on a network port, which makes pauses. A pause inside a trailer must not
#: make a part of it a part of the body.
NETWORK_LINE_END = 1.0
#: The silence after which the question is asked about the beginning of a trailer.
TRAILER_BEGUN = 0.25
#: For the trailer after a complete body.
TRAILER = 2.0
#: How long the start of a chunked body is kept back. By then, it is clear whether it
#: has chunk framing.
CHUNKS_DOUBTED = 0.1
#: For each answer to a question that is asked during payload.
ANSWER = 0.4
#: The silence after the possible beginning of an answer.
ANSWER_SILENCE = 0.1
#: For both answers. Bytes that take longer are payload.
ANSWERS = 1.0
#: Between two questions; more each time.
ASK_AGAIN = 1.0
#: After this time without the caller, the line is read in the background. At 921,600
#: baud, this fills half of the 4,096 bytes of a Linux tty.
ABSENCE = 0.02
#: How long a module may wait for the body of a response without one.
BODYLESS = 2.0
#: A response by file may take this time. Its parts have their own limits.
FETCH = 86_400.0

# An exchange

#: For a URL to reach the module: 700 bytes take 0.73 s at 9,600 baud.
URL = 10
#: After an error that noise has made, OK comes within this time.
CONTRADICTION = 0.1
#: For deleting files that are not needed any more.
TIDY = 5.0

# Sockets

#: For the answer to a command of a socket, even if the caller's timeout ends before:
#: without it, the socket is lost. On hardware, some 30 ms.
SOCKET_ANSWER = 5.0
#: For the answer to AT+QIOPEN, which comes at once (TCP manual 2.1.4): a URC tells when
#: there is a connection. A module that has just restarted does not hear the command.
SOCKET_OPENS = 10.0
#: The silence after the payload of a socket, before other commands are given. USB
#: passes on bytes once in a millisecond.
SETTLED = 0.001
#: For SEND OK, while the send buffer is full (BG95's TCP application note, 2.3.7).
SOCKET_SENT = 120.0
#: When the module closes a socket, it waits this long for the server's end, and answers
#: nothing meanwhile (TCP manual 2.1.5).
SOCKET_END = 2
#: More than the module may take to close it.
SOCKET_CLOSED = SOCKET_END + 10.0
#: The longest wait for a turn to ask whether the module still answers. A thread that
#: only listens ends its turn sooner. If a thread sends commands for longer, the answers
#: to them show it.
SOCKET_GLANCE = 0.06
#: The longest that bytes of one line may keep the line from other threads.
SOCKET_SHARE = 0.2
#: The longest that several reads on one line may keep the line from other threads.
SOCKET_JOINED = 0.4
#: For a wait without a timeout.
FOREVER = 1e9

# Recovery

#: For resynchronising the module, out of the time until it can answer.
CALL = 12.0
#: For setting the speed of the line. It is not counted, because it happens once.
SPEED = 120.0
#: AT+CFUN=1,1 to RDY took about 6 s in a BG96's log. The USB port may be away for
#: longer.
BOOT = 8.0
#: `BG96Modem.close` reads the rest of an unread response for this time.
CLOSE = 10.0
#: For cutting it off after that, and for leaving data mode.
CUT = 5.0

# The timeouts of a request without a timeout

#: To connect: more than the module may take.
CONNECT = 150.0
#: Of silence, to read.
READ = 60.0

#: In each row, every time is shorter than the next.
ORDER = (
    ("ABSENCE", "TRAILER_GAP", "ANSWER_SILENCE", "TRAILER_BEGUN", "ANSWER", "ANSWERS"),
    ("MODULE_ANSWERS", "ANSWER", "QUESTION", "ANSWERS", "TRAILER"),
    ("TRAILER_GAP", "LINE_END", "TRAILER_BEGUN", "NETWORK_LINE_END", "TRAILER"),
    ("GAP", "BRIEF", "LATE", "QUESTION", "AWAKE", "START", "MODULE_IS_MUTE", "BOOT"),
    ("DRAIN_BY_DTR", "DRAIN_TRIAL", "MODULE_GUARD", "GUARD", "DRAIN", "TRAILER"),
    ("MODULE_UPLOAD_SILENCE", "ACKNOWLEDGEMENT"),
    ("CONTRADICTION", "OVERDUE", "CALL", "MODULE_CONNECTS", "CONNECT"),
    ("CUT", "CLOSE"),
    ("BOOT", "SPEED", "CONNECT"),
    ("SETTLED", "TRAILER_GAP"),
    ("SOCKET_GLANCE", "SOCKET_SHARE", "SOCKET_JOINED", "SOCKET_END"),
    ("SOCKET_SHARE", "SOCKET_END", "SOCKET_ANSWER", "SOCKET_CLOSED", "SOCKET_SENT"),
    ("SOCKET_ANSWER", "BOOT", "SOCKET_OPENS", "CONNECT"),
    ("SOCKET_SENT", "CONNECT", "FETCH", "FOREVER"),
)
