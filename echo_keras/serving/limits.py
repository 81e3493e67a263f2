"""What a server takes at most, so that no request can take it down."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits of one server; beyond them a request is refused, in words.

    Attributes:
        body: Bytes of a request's body, as sent and unpacked.
        values: JSON values in a body; one takes up to 124 bytes of memory, and up to
            150 while the body is read.
        pixels: Pixels of all images of a request together, every frame of a GIF
            counted.
        rows: Images, or rows of another input, of a request; the network runs on all
            of them at once, however small they are.
        seconds: Time in which a request is answered; 504 follows.
        waiting: Requests that are received and not yet answered; 503 follows.
        bodies: Bytes of the bodies of all these requests together; 503 follows.
        connections: Open connections; 503 follows.
        idle_seconds: Time that a connection may rest between two requests.
        head_seconds: Time in which the head of a request arrives.
        body_seconds: Time in which a body arrives, or the client takes an answer.
    """

    body: int = 100 * 2**20
    values: int = 2**22
    pixels: int = 2**24
    rows: int = 64
    seconds: float = 30.0
    waiting: int = 128
    bodies: int = 256 * 2**20
    connections: int = 400
    idle_seconds: float = 75.0
    head_seconds: float = 10.0
    body_seconds: float = 60.0


DEFAULT = Limits()
