"""Frames of text as tables in Markdown."""

from __future__ import annotations

import pandas as pd


def markdown_table(frame: pd.DataFrame) -> str:
    """A frame as a table of GitHub's Markdown, without its index; ``|`` in a cell is escaped."""
    rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.itertuples(index=False, name=None)]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows)
