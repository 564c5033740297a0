"""What a page asked for and cannot have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Problem(ValueError):  # noqa: N818 (an answer to the page, which is no error of the server)
    """Something in a request that cannot be done.

    Attributes:
        about: The part of the request: ``maze``, ``condition``, ``vectors``, ``chips``, ``policy`` or ``layer``.
    """

    def __init__(self, about: str, message: str) -> None:
        super().__init__(message)
        self.about = about


@contextmanager
def problems_of(about: str) -> Iterator[None]:
    """Turn a ValueError or TypeError of a ``with`` block into a problem of one part of the request."""
    try:
        yield
    except Problem:
        raise
    except (ValueError, TypeError) as error:
        raise Problem(about, str(error)) from error
