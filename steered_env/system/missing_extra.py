"""The error of what needs a package that is installed only on demand."""

from __future__ import annotations


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
