from .console import print_what_can_be_printed, terminal
from .figure_text import in_lines, literal
from .formatting import NONE, number_text, written
from .markdown import markdown_table
from .results import Results, check_folder, check_free_to_save, make_folder, write_text
from .statistics import (
    DIFFERENCE,
    Interval,
    mean_interval,
    median_interval,
    paired_difference,
    rank_correlation,
    share_interval,
)

__all__ = [
    "DIFFERENCE",
    "NONE",
    "Interval",
    "Results",
    "check_folder",
    "check_free_to_save",
    "in_lines",
    "literal",
    "make_folder",
    "markdown_table",
    "mean_interval",
    "median_interval",
    "number_text",
    "paired_difference",
    "print_what_can_be_printed",
    "rank_correlation",
    "share_interval",
    "terminal",
    "write_text",
    "written",
]
