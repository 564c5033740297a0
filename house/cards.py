"""``python -m house.cards``: the front matter of cards and the table of policies, from what the weights keep."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from evaluation.cards import policies_table, write_front_matter

ROOT = Path(__file__).parent.parent
WEIGHTS, PAGE = ROOT / "steered_env/policy/weights", ROOT / "docs/policies.md"
_COLUMNS = {
    "trained by": "trained by",
    "sizes": "sizes",
    "region": "region",
    "correct moves": "correct moves",
    "cheese": "cheese",
    "Δ cheese: -cheese": "−cheese: Δ cheese",
    "Δ top right: top_right": "+top-right: Δ corner",
    "Δ top right: both": "both: Δ corner",
}


def policies_rows() -> str:
    """Write the table of the packaged policies that have a card, in Markdown, each name leading to its card."""
    titles = ["policy", *_COLUMNS.values()]
    lines = [f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}"]
    for _, row in policies_table().iterrows():
        if (WEIGHTS / f"{row['policy']}.md").is_file():
            cells = [str(row[column]).replace("-", "−").replace("%", " %").replace(",", ", ") for column in _COLUMNS]
            cells[0] = str(row["trained by"])
            link = f"[`{row['policy']}`](../{WEIGHTS.relative_to(ROOT)}/{row['policy']}.md)"
            lines.append(f"| {' | '.join([link, *cells])} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the front matter of every packaged policy's card, and the table of all of them."""
    for weights in sorted(WEIGHTS.glob("*.safetensors")):
        if weights.with_suffix(".md").is_file():
            sys.stdout.write(f"{write_front_matter(weights).relative_to(ROOT)}\n")
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(r"(^\|.*\|\n)+", lambda _: policies_rows(), page, count=1, flags=re.MULTILINE), "utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
