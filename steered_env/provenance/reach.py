"""The code that a result depends on: everything that can be reached from where it is computed."""

from __future__ import annotations

import ast
import functools
import hashlib
import re
from collections.abc import Callable, Iterable

from .canonical import CanonicalText
from .modules import Module, Origin, module_called, stub_of, submodules

_LENGTH = 16
_LIBRARY = "steered_env"
"""The package whose code counts wherever it is imported."""
_DOTTED = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*)(?::(\w+))?")
_SAY_NOTHING = frozenset({"__name__", "__file__", "__doc__", "__package__", "__spec__"})
"""What every module has; reading it reads no code."""

Entry = str | type | Callable[..., object]


def code_fingerprint(*entries: Entry) -> str:
    """A hash of all code that can be reached from some entry points: 16 hexadecimal digits.

    See `reached` for what counts. The same source gives the same hash with every version of Python that can read it.

    Example:
        >>> from steered_env import Maze
        >>> code_fingerprint(Maze) == code_fingerprint("steered_env.maze.maze:Maze")
        True

    Args:
        entries: Functions or classes; or names of modules, ``"evaluation.measuring.job"``, or of something in one,
            ``"evaluation.measuring.job:Measurer"``.

    Raises:
        ValueError: if there is no such module, or nothing of that name in it.
    """
    return _fingerprint(frozenset(map(entry_name, entries)))


def entry_name(entry: Entry) -> str:
    """A function or class as ``module:name``; what is inside a class or function as that."""
    return entry if isinstance(entry, str) else f"{entry.__module__}:{entry.__qualname__.split('.')[0]}"


@functools.cache
def _fingerprint(entries: frozenset[str]) -> str:
    digest = hashlib.sha256()
    for (module, name), texts in sorted(reached(entries).items()):
        for part in (module, name, *texts):
            digest.update(f"{len(part)} {part}\n".encode())
    return digest.hexdigest()[:_LENGTH]


def reached(entries: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """The code that can be reached from some entry points, as (module, name) to the texts of what binds that name.

    A function or class is there if code that is there names it, however the name was imported, inside functions as
    well; a class with everything in it. Of an ordinary module what runs on import is there too, as its name ``""``, as
    soon as anything imports it; of a package's ``__init__`` nothing but the names that are taken from it. A module
    that is handed on as a value is there with all its names. Other projects' code is not: what is named of it counts
    with its name, and versions are compared elsewhere.

    *Not seen* are code that is found by a name put together at run time, and objects from outside whose class nothing
    that is reached names: make these entry points as well. Nor are files that the code reads, such as weights.

    Raises:
        ValueError: if there is no such entry point.
    """
    reach = _Reach(frozenset({_LIBRARY, *(entry.split(":")[0].split(".")[0] for entry in entries)}))
    for entry in entries:
        module, _, name = entry.partition(":")
        found = module_called(module)
        if found is None or (name and name not in found.definitions):
            raise ValueError(f"there is no {entry}: name a module of a package, or something that is written in it")
        reach.resolve(module, (name,) if name else ())
    return reach.all_texts()


class _Reach:
    """Walks from what is named to what that names.

    Args:
        roots: The packages whose code counts.
    """

    def __init__(self, roots: frozenset[str]) -> None:
        self._roots = roots
        self._found: dict[tuple[str, str], list[str]] = {}
        self._todo: list[tuple[str, str]] = []
        self._resolved: dict[tuple[str, tuple[str, ...]], str] = {}
        self._imported: set[Origin] = set()

    def all_texts(self) -> dict[tuple[str, str], list[str]]:
        """Walk until there is nothing new, and return what `reached` does."""
        while self._todo:
            key = self._todo.pop()
            module = module_called(key[0])
            assert module is not None
            statements = module.definitions[key[1]] if key[1] else module.effects
            self._found[key] = [self._text(module, statement) for statement in statements]
            for origin in () if key[1] else module.imported:
                self._import(origin)
        return self._found

    def resolve(self, name: str, attributes: tuple[str, ...]) -> str:
        """Reach what attributes of a module stand for, and return where it is written."""
        key = name, attributes
        if key not in self._resolved:
            self._resolved[key] = ""  # packages may name each other in a circle
            self._resolved[key] = self._looked_up(name, attributes)
        return self._resolved[key]

    def _looked_up(self, name: str, attributes: tuple[str, ...]) -> str:
        module = self._own(name)
        if module is None:
            return ".".join((name, *attributes))
        self._import(Origin(name))
        if not attributes:
            return self._all_of(module)
        first, rest = attributes[0], attributes[1:]
        if first in module.definitions:
            self._reach(name, first)
        found = [f"{name}:{first}"] * (first in module.definitions)
        found += [self._follow(origin, rest) for origin in _origins_in(module, first)]
        if not found and module_called(inner := f"{name}.{first}"):
            found = [self.resolve(inner, rest)]
        found = found or [self.resolve(source, attributes) for source in module.starred]
        if not found and first not in _SAY_NOTHING:
            found = [self._all_of(module)]
            found += [self.resolve(inner, ()) for inner in submodules(name) if first == "__path__"]
        return " or ".join(sorted(found))

    def _follow(self, origin: Origin, attributes: tuple[str, ...]) -> str:
        return self.resolve(origin.module, (origin.name, *attributes) if origin.name else attributes)

    def _all_of(self, module: Module) -> str:
        for name in module.definitions:
            self._reach(module.name, name)
        if module.is_package:
            stub = stub_of(module.name)
            for name in {**module.imports, **(stub.imports if stub else {})}:
                self.resolve(module.name, (name,))
        return module.name

    def _import(self, origin: Origin) -> None:
        """Reach what runs when something is imported."""
        module = self._own(origin.module)
        if module is None or origin in self._imported:
            return
        self._imported.add(origin)
        if not module.is_package:
            self._reach(module.name, "")
        elif origin.name and origin.name not in module.definitions:
            sources = _origins_in(module, origin.name) or [Origin(f"{module.name}.{origin.name}")]
            for source in sources:
                self._import(source)

    def _reach(self, module: str, name: str) -> None:
        if (module, name) not in self._found:
            self._found[module, name] = []
            self._todo.append((module, name))

    def _own(self, name: str) -> Module | None:
        return module_called(name) if name.split(".")[0] in self._roots else None

    def _text(self, module: Module, statement: ast.stmt) -> str:
        """A statement with where the names in it come from; these are reached."""
        canonical = canonical_text(statement)
        local: dict[str, list[Origin]] = {}
        for inside in canonical.imports:
            for name, origin in module.origins(inside):
                local.setdefault(name, []).append(origin)
                self._import(origin)
            for alias in inside.names if isinstance(inside, ast.Import) else ():
                self._import(Origin(alias.name))
        sources = set()
        for chain in canonical.chains:
            root, attributes = chain[0], chain[1:]
            if root in module.definitions:
                self._reach(module.name, root)
            origins = [*local.get(root, ()), *module.imports.get(root, ())]
            if not origins and root not in module.definitions:
                origins = [Origin(source, root) for source in module.starred if self._has(source, root)]
            sources |= {f"{'.'.join(chain)} is {self._follow(origin, attributes)}" for origin in origins}
        for string in canonical.strings:
            self._reach_string(string)
        return "\n".join([canonical.text, *sorted(sources)])

    def _has(self, source: str, name: str) -> bool:
        module = self._own(source)
        return module is not None and (name in module.definitions or name in module.imports or bool(module.starred))

    def _reach_string(self, string: str) -> None:
        """A string that names a module, or something in one, as entry points do, is as good as an import."""
        dotted = _DOTTED.fullmatch(string)
        if dotted and "." in dotted[1] and self._own(dotted[1]) is not None:
            self.resolve(dotted[1], (dotted[2],) if dotted[2] else ())


def _origins_in(module: Module, name: str) -> list[Origin]:
    """What a name may stand for that a module imports, at the top or, a package, when it is asked for.

    A package that imports its own module of that name says nothing.
    """
    origins = module.imports.get(name, [])
    if not origins and name not in module.definitions and (stub := stub_of(module.name)):
        origins = stub.imports.get(name, [])
    return [origin for origin in origins if origin != Origin(module.name, name)]


canonical_text = functools.cache(CanonicalText)
"""The text of a statement; each is read once in a process."""
