"""The error of what needs a package that is installed only on demand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_OURS = ("steered_env", "evaluation")


class MissingExtraError(ImportError):
    """A package that an extra of this project brings is not installed; the message says how to install it.

    Example:
        >>> str(MissingExtraError("ray", "ray")).partition(":")[0]
        'ray is not installed'

    Args:
        package: The package that was looked for.
        extra: The extra that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        how = f"in the clone of steered-env, pip install -c constraints.txt -e '.[{extra}]'"
        super().__init__(f"{package} is not installed: {how}", name=package)


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Import what an extra brings inside of this block, so that its absence is a `MissingExtraError`.

    Example:
        >>> try:
        ...     with needing("ray"):
        ...         import no_such_package.part
        ... except MissingExtraError as error:
        ...     print(error.name)
        no_such_package

    Raises:
        MissingExtraError: if a package of others is not there; a missing module of ours is an error of its own.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package in _OURS:
            raise
        raise MissingExtraError(package, extra) from None
