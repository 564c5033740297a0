from .bundle import BUNDLED_LEVELS, page_with, write_bundle
from .hosts import is_loopback
from .mazes import FIRST_LEVEL
from .page_files import page_file
from .server import application, serve
from .session import Session
from .widget import MazeWidget

__all__ = [
    "BUNDLED_LEVELS",
    "FIRST_LEVEL",
    "MazeWidget",
    "Session",
    "application",
    "is_loopback",
    "page_file",
    "page_with",
    "serve",
    "write_bundle",
]
