"""Finding a network's layers by name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from torch import nn

from .hooks import module_at

DEFAULT_LAYER = "embedder.block2.res1.resadd"
"""The output of the residual add in the middle of the network, where Mini et al. (2023) steer."""

_LITERATURE_SUFFIX = "_out"
_NAMELESS = {"module", "_orig_mod", "policy"}
"""Names of a whole network inside what is put around it, which stand for no part of it."""
_ENTRY = re.compile(r"""\[(?:(\d+)|'([^'\]]*)'|"([^"\]]*)"|([^\]'"]+))\]""")
_WITH_ENTRIES = re.compile(rf"(?P<module>[^\[]*)(?P<entries>(?:{_ENTRY.pattern})*)")

Entries = tuple[int | str, ...]
"""The way into an output that holds several tensors: an index or a key for each level."""


class LayerError(ValueError):
    """A layer that a network does not have, or that cannot be read or steered."""


class Place(NamedTuple):
    """One tensor that a network puts out on its way.

    Attributes:
        module: Dotted name of the module that puts it out.
        entries: The way to it inside the module's output; empty where the output is the tensor itself.
    """

    module: str
    entries: Entries = ()

    def __str__(self) -> str:
        return self.module + "".join(f"[{entry!r}]" for entry in self.entries)


def read_place(layer: str) -> Place:
    """Split a layer's name into the module's and the entries of its output.

    Example:
        >>> read_place("encoder.layers.2[0]")
        Place(module='encoder.layers.2', entries=(0,))
        >>> read_place("head['logits'][1]").entries, read_place("head[logits][1]").entries
        (('logits', 1), ('logits', 1))

    Raises:
        LayerError: if the brackets cannot be read.
    """
    match = _WITH_ENTRIES.fullmatch(layer)
    if match is None:
        raise LayerError(
            f"layer {layer!r} cannot be read: after the module's dotted name come indices from 0 or keys, each in "
            "brackets, such as blocks.1[0] or head['logits']"
        )
    found = _ENTRY.findall(match["entries"])
    return Place(match["module"], tuple(int(index) if index else "".join(key) for index, *key in found))


def find_layer(module: nn.Module, name: str) -> str:
    """The full name under which ``module`` has the layer ``name``.

    A network may be a part of a larger module: a name without the part's own, such as ``embedder.block2`` for
    ``features_extractor.embedder.block2``, is understood as long as only one layer ends so. So is a name with ``_out``
    at the end, as the literature writes ``embedder.block2.res1.resadd_out`` for the output of ``…resadd``. The other
    way round, the name that a layer has in a larger module is understood by the part alone: of a name whose first word
    the module does not know, as many words are left out as it takes until the rest is a layer's full name. Not both at
    once: ``actr.2`` is not ``critic.2``, though that ends so.

    An index or a key in brackets names one tensor of an output that holds several: ``blocks.1[0]`` is the first of the
    tuple that ``blocks.1`` puts out, ``head['logits']`` one of a dict.

    Raises:
        LayerError: if there is no such layer, and it lists the nearest names; or several, and it lists those.
    """
    return str(located(module, name)[1])


def located(module: nn.Module, name: str) -> tuple[str, Place]:
    """The name that was asked for, in the spelling that was found, and where in the module that layer is."""
    asked, entries = read_place(name)
    spelling, full_name = _located(module, asked)
    return f"{spelling}{name[len(asked) :]}", Place(full_name, entries)


def _located(module: nn.Module, name: str) -> tuple[str, str]:
    for asked in _spellings(name):
        for prefix in _wrapped(module):
            if _has(module, prefix + asked):
                return asked, prefix + asked
    for asked in _spellings(name):
        ends_so = [known for known, _ in module.named_modules() if known.endswith(f".{asked}")]
        if len(ends_so) > 1:
            raise LayerError(
                f"{type(module).__name__} has several layers {asked!r}: {', '.join(ends_so[:4])}; name one in full"
            )
        if ends_so:
            return asked, ends_so[0]
    if not _has(module, name.split(".")[0]) and (within := _as_part(module, name)):
        return within
    names = [known for known, _ in module.named_modules() if known]
    near = difflib.get_close_matches(name, names, n=4, cutoff=0.3) or names[:4]
    raise LayerError(f"{type(module).__name__} has no layer {name!r}; near names are {', '.join(near) or 'none'}")


def _as_part(module: nn.Module, name: str) -> tuple[str, str] | None:
    """A layer by the name that it has in a larger module."""
    prefixes = [prefix for prefix in _wrapped(module) if _NAMELESS.issuperset(prefix.split(".")[:-1])]
    for left_out in range(1, name.count(".") + 1):
        for asked in _spellings(name):
            for prefix in prefixes:
                rest = prefix + asked.split(".", left_out)[-1]
                if _has(module, rest):
                    return asked, rest
    return None


def _spellings(name: str) -> list[str]:
    """A layer's name as it was asked for, and as this package writes it."""
    return [spelling for spelling in dict.fromkeys((name, name.removesuffix(_LITERATURE_SUFFIX))) if spelling]


def _wrapped(module: nn.Module) -> Iterator[str]:
    """The prefixes of a module's own layers, and of those of the module that it does nothing but wrap."""
    prefix = ""
    yield prefix
    while True:
        children = dict(module.named_children())
        name = "module" if "module" in children else next(iter(children), "")
        if not name or (len(children) > 1 and name != "module"):
            return
        prefix, module = f"{prefix}{name}.", children[name]
        yield prefix


def _has(module: nn.Module, name: str) -> bool:
    try:
        module_at(module, name)
    except AttributeError:
        return False
    return bool(name)


def layer_names(layer: str | Iterable[str]) -> tuple[str, ...]:
    """One layer or several, as a tuple.

    Raises:
        TypeError: if it is something else.
    """
    names = (layer,) if isinstance(layer, str) else tuple(layer) if isinstance(layer, Iterable) else (layer,)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"layer must be a dotted name such as {DEFAULT_LAYER!r}, or several, got {name!r}")
    return names
