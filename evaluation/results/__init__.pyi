from .console import print_what_can_be_printed, terminal
from .figure_files import png_of, save_figure
from .figure_text import in_lines, lines_of, literal, policy_name
from .interval import NONE, Interval, format_number
from .markdown import markdown_table
from .rates_figure import results_figure
from .results import Results, check_folder, check_free_to_save, make_folder, write_text
from .shown_figure import ShownFigure
from .statistics import (
    DIFFERENCE,
    mean_interval,
    median_interval,
    network_interval,
    paired_difference,
    rank_correlation,
    share_interval,
)

__all__ = [
    "DIFFERENCE",
    "NONE",
    "Interval",
    "Results",
    "ShownFigure",
    "check_folder",
    "check_free_to_save",
    "format_number",
    "in_lines",
    "lines_of",
    "literal",
    "make_folder",
    "markdown_table",
    "mean_interval",
    "median_interval",
    "network_interval",
    "paired_difference",
    "png_of",
    "policy_name",
    "print_what_can_be_printed",
    "rank_correlation",
    "results_figure",
    "save_figure",
    "share_interval",
    "terminal",
    "write_text",
]
