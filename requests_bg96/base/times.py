"""The times that this library waits, in seconds, and which must be shorter than which.

Timeouts that a caller gives are not here, nor are those of single commands, which stand
beside them in the dialogues. `ORDER` is checked by a test.
"""

from __future__ import annotations

__all__: tuple[str, ...] = ()

# The module, as its manuals have it

#: A module answers AT within this time (AT manual 2).
MODULE_ANSWERS = 0.3
#: A module that restarts is mute for longer than this (hardware design manual 3.6.1).
MODULE_IS_MUTE = 4.0
#: The silence wanted on either side of "+++" (HTTP manual 1.3).
MODULE_GUARD = 1.0
#: The longest wait for CONNECT of AT+QHTTPGET and AT+QHTTPPOST (HTTP manual 2.3, 2.4).
MODULE_CONNECTS = 125.0
#: The module ends an upload of a file after this time without data, and says so.
MODULE_UPLOAD_SILENCE = 5

# The question whether the module listens

#: For the answer to each of its two lines.
QUESTION = 0.6
#: For an OK behind which nothing may be to come, before the next command is given.
GAP = 0.05
#: For what is still to come of an exchange that was given up, behind the question.
LATE = 0.3
#: For an OK that comes behind the result URC, if it comes at all.
OVERDUE = 1.0
#: Within this time behind an answer no module has restarted unnoticed.
START = 3.0

# Data mode

#: More than the guard time of "+++", for a line that adds delays of its own.
GUARD = MODULE_GUARD + 0.05
#: For the confirmation of a block of an upload.
ACKNOWLEDGEMENT = 7.0
#: For reading on, where that is better than leaving data mode.
DRAIN = 1.5

# The end of a response

#: Between the two halves of a trailer: on hardware, some 5 ms.
TRAILER_GAP = 0.03
#: A silence after which a line end is given to the reader.
LINE_END = 0.1
#: The same on a line by network, which has its own pauses: one inside a trailer must
#: not make a part of it a part of the body.
NETWORK_LINE_END = 1.0
#: A silence after which the beginning of a trailer is asked about.
TRAILER_BEGUN = 0.25
#: For the trailer behind a body that is whole.
TRAILER = 2.0
#: For which the start of a chunked body is kept back: by then it must show whether it
#: has chunk framing.
CHUNKS_DOUBTED = 0.1
#: For each answer to a question that is put amid payload.
ANSWER = 0.4
#: A silence behind what was taken for the beginning of an answer.
ANSWER_SILENCE = 0.1
#: For both answers: what goes on for longer is payload.
ANSWERS = 1.0
#: Between two questions; more each time.
ASK_AGAIN = 1.0
#: A caller may be away for this time before the line is read for them. At 921,600 baud
#: it fills half of the 4,096 bytes that a Linux tty keeps.
ABSENCE = 0.02
#: A response without a body may keep the module waiting for one for this time.
BODYLESS = 2.0
#: A response may take this by file: its parts are bounded by themselves.
FETCH = 86_400.0

# An exchange

#: For a URL to reach the module: 700 bytes take 0.73 s at 9,600 baud.
URL = 10
#: In this time OK would come behind an error that is none of the module's.
CONTRADICTION = 0.1
#: For deleting files that are not needed any more.
TIDY = 5.0

# Recovery

#: For calling the module back, out of those for waiting until it can answer.
CALL = 12.0
#: From AT+CFUN=1,1 to RDY some 6 s were seen (a BG96's log), and the USB port may be
#: away for longer.
BOOT = 8.0
#: `BG96Modem.close` reads the rest of an unread response for this time.
CLOSE = 10.0
#: For cutting one off behind that, and for leaving data mode.
CUT = 5.0

# What a request has where it gives no timeout

#: To connect: more than the module may take.
CONNECT = 150.0
#: Of silence, to read.
READ = 60.0

#: In each row, every time is shorter than the next.
ORDER = (
    ("ABSENCE", "TRAILER_GAP", "ANSWER_SILENCE", "TRAILER_BEGUN", "ANSWER", "ANSWERS"),
    ("MODULE_ANSWERS", "ANSWER", "QUESTION", "ANSWERS", "TRAILER"),
    ("TRAILER_GAP", "LINE_END", "TRAILER_BEGUN", "NETWORK_LINE_END", "TRAILER"),
    ("GAP", "LATE", "QUESTION", "START", "MODULE_IS_MUTE", "BOOT"),
    ("MODULE_GUARD", "GUARD", "DRAIN", "TRAILER"),
    ("MODULE_UPLOAD_SILENCE", "ACKNOWLEDGEMENT"),
    ("CONTRADICTION", "OVERDUE", "CALL", "MODULE_CONNECTS", "CONNECT"),
    ("CUT", "CLOSE"),
)
