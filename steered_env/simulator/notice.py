"""Keeps the old ``gym`` package, which procgen imports, from printing its notice."""

import contextlib


def silence_gym_notice() -> None:
    """Empty the table of notices that ``gym`` prints from when it is first imported.

    procgen imports the unmaintained ``gym`` to register itself there; nothing here uses it. Its notice
    tells *users of gym* to migrate and would only confuse ours. Call before anything imports ``gym``.
    """
    with contextlib.suppress(ImportError):  # a gym without its notices has nothing to print
        from gym_notices import notices

        notices.notices.clear()
