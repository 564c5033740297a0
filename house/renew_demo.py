"""Put the page as it is now around the numbers that docs/demo/index.html holds: ``python -m house.renew_demo``."""

from __future__ import annotations

import json
import re
from pathlib import Path

from evaluation.play import page_with

DEMO = Path(__file__).parents[1] / "docs" / "demo" / "index.html"
_DATA = re.compile(r'<script type="application/json" id="bundle">(.*?)</script>', re.DOTALL)


def renewed() -> str:
    """The demo with the page as it is now.

    Raises:
        ValueError: if the demo holds no data.
    """
    data = _DATA.search(DEMO.read_text(encoding="utf-8"))
    if data is None:
        raise ValueError(f"{DEMO} is no bundle: write it anew, with `steered-env play --bundle {DEMO.parent}`")
    return page_with(json.loads(data[1]))


if __name__ == "__main__":
    DEMO.write_text(renewed(), encoding="utf-8")
