"""Let a listening TCP socket admit nobody new, and still take whoever is on the way (Linux).

Closing a listening socket resets each connection that is made between the last look into its queue and the close: one
in some thousands under load, which is one too many for a stop that loses nothing. Here the kernel drops connection
requests first, by a filter on the socket (SO_ATTACH_FILTER, classic BPF). Handshakes that have begun are completed, the
queue can be emptied for good, and the socket closed. A client whose request was dropped repeats it after a second, as
TCP does, and is then refused.

The filter sees segments from their TCP header on; its program::

    ldb [13]             the flags (RFC 9293 section 3.1)
    and #0x12            SYN and ACK
    jeq #0x02, 0, 1      SYN alone: a connection request
    ret #0               drop it
    ret #0xffffffff      take all of any other segment
"""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
import sys
from typing import Final

__all__ = ["admit_again", "admit_nobody_new"]

SO_ATTACH_FILTER: Final = 26
SO_DETACH_FILTER: Final = 27
"""As most architectures number them; `socket` does not know the names."""
_PROGRAM: Final = (
    (0x30, 0, 0, 13),
    (0x54, 0, 0, 0x12),
    (0x15, 0, 1, 0x02),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFF_FFFF),
)


def admit_nobody_new(listening: socket.socket) -> bool:
    """Drop the connection requests for a socket from now on; return whether the system does.

    Connections from a network complete their handshake within a round trip after this call; on the same machine they
    have done so when it returns.
    """
    if sys.platform != "linux" or listening.family not in {socket.AF_INET, socket.AF_INET6}:
        return False
    instructions = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in _PROGRAM))
    # `struct sock_fprog`: the number of instructions, and where they are; aligned as C does it.
    program = struct.pack("@HP", len(_PROGRAM), ctypes.addressof(instructions))
    try:
        listening.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    except OSError:
        return False  # A sandbox may forbid it.
    return True


def admit_again(listening: socket.socket) -> None:
    """Undo `admit_nobody_new`, which another process may have done to the same socket."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # There is no filter.
            listening.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
