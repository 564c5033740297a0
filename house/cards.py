"""``python -m house.cards``: write the front matter of every packaged policy's card, from what its weights keep."""

from __future__ import annotations

import sys
from pathlib import Path

from evaluation.cards import write_front_matter

WEIGHTS = Path(__file__).parent.parent / "steered_env/policy/weights"


def main() -> None:
    """Write them, and name them."""
    for weights in sorted(WEIGHTS.glob("*.safetensors")):
        sys.stdout.write(f"{write_front_matter(weights).relative_to(WEIGHTS.parent.parent.parent)}\n")


if __name__ == "__main__":
    main()
