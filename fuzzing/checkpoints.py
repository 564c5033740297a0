"""Mutated checkpoints of each kind: refused with a clear error, or a policy that runs; and no code of theirs is run."""

from __future__ import annotations

import base64
import io
import json
import random
import warnings
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from steered_env.policy import CheckpointError, ImpalaPolicy, load_policy
from steered_env.policy.sb3_archive import from_impala

from . import pickles, safetensors_files, tensors
from .mutations import damaged, json_changed
from .target import Outcome, Target, Work, generator, pattern_of

_LONGEST_MESSAGE = 1500
_ENDS = 4096
Archive = dict[str, bytes]


def base_state() -> dict[str, Tensor]:
    """The weights of a network of width 1, in 16 bits."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return {name: tensor.half().contiguous() for name, tensor in ImpalaPolicy().state_dict().items()}


def saved(content: Any, *, as_zip: bool = True) -> bytes:
    """The bytes that ``torch.save`` writes, as a zip or in the format before it."""
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=as_zip)
    return file.getvalue()


def unpacked(data: bytes) -> Archive:
    """The files in a zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Archive, compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip with these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return file.getvalue()


def _ends_damaged(rng: random.Random, data: bytes) -> bytes:
    """Damage where the headers of a zip are, or cut it anywhere."""
    if rng.random() < 0.1:
        return data[: rng.randrange(len(data))]
    if rng.random() < 0.5:
        return damaged(rng, data[:_ENDS]) + data[_ENDS:]
    return data[:-_ENDS] + damaged(rng, data[-_ENDS:])


def _archive_mutated(rng: random.Random, files: Archive) -> bytes:
    """A file of the archive dropped, renamed, damaged or packed otherwise."""
    changed, name = dict(files), rng.choice(list(files))
    kind = rng.randrange(6)
    if kind == 0:
        del changed[name]
    elif kind == 1:
        changed[rng.choice(("", "data", "archive/constants.pkl", "../x", "policy.pth", "a/b"))] = changed.pop(name)
    elif kind == 2:
        changed["archive/constants.pkl"] = pickles.bomb(rng)
    elif kind == 3:
        return packed(changed, rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)))
    else:
        short = min((other for other in files if other != name), key=lambda other: len(files[other]))
        changed[name if len(files[name]) < _ENDS else short] = damaged(rng, files[name][:_ENDS])
    return packed(changed)


def torch_mutated(rng: random.Random, state: dict[str, Tensor], files: Archive, old: bytes) -> bytes:
    """A mutated ``.pth``: its tensors, its pickle, its archive, or the format before archives."""
    kind = rng.random()
    if kind < 0.6:
        content: Any = tensors.changed(rng, state)
        if rng.random() < 0.5:
            content = {"model_state_dict": content, "t": 3, "optimizer_state_dict": {}}
        elif rng.random() < 0.05:
            content = rng.choice(([], 3, None, "text", {}, {"model_state_dict": [content]}, {"model_state_dict": None}))
        return saved(content, as_zip=rng.random() < 0.9)
    if kind < 0.85:
        name = next(name for name in files if name.endswith("data.pkl"))
        return packed({**files, name: pickles.mutated(rng, files[name])})
    if kind < 0.9:
        return _archive_mutated(rng, files)
    if kind < 0.95:
        return _ends_damaged(rng, packed(files))
    return pickles.bomb(rng) + (old if rng.random() < 0.5 else b"") if rng.random() < 0.5 else _ends_damaged(rng, old)


def _torch_files() -> Callable[[random.Random], bytes]:
    state = base_state()
    files, old = unpacked(saved(state)), saved(state, as_zip=False)
    return lambda rng: torch_mutated(rng, state, files, old)


def _safetensors_files() -> Callable[[random.Random], bytes]:
    state = base_state()
    return lambda rng: safetensors_files.mutated(rng, state)


def _serialized(rng: random.Random) -> dict[str, str]:
    """A pickled object as Stable-Baselines3 keeps it; this one runs code."""
    return {":type:": "<class 'x'>", ":serialized:": base64.b64encode(pickles.bomb(rng)).decode()}


def model_data(rng: random.Random) -> dict[str, Any]:
    """The description of a model beside its weights, with bombs for its pickled objects."""
    space = {**_serialized(rng), "_shape": [3, 64, 64], "dtype": "uint8", "low_repr": "0", "high_repr": "255"}
    return {
        "policy_class": _serialized(rng),
        "policy_kwargs": {**_serialized(rng), "net_arch": []},
        "observation_space": space,
        "learning_rate": 3e-4,
        "lr_schedule": _serialized(rng),
        "n_envs": 2,
    }


def model_mutated(rng: random.Random, state: dict[str, Tensor], weights: Archive, old: bytes) -> bytes:
    """A mutated ``.zip``: the weights in it, its description, or its archive."""
    model = from_impala(state)
    data = model_data(rng)
    files = {
        "data": json.dumps(data).encode(),
        "pytorch_variables.pth": pickles.bomb(rng),
        "policy.pth": b"",
        "policy.optimizer.pth": pickles.bomb(rng),
        "_stable_baselines3_version": b"2.9.2",
        "system_info.txt": b"",
    }
    kind = rng.random()
    if kind < 0.5:
        changed = tensors.changed(rng, state)
        files["policy.pth"] = saved(from_impala({name: value for name, value in changed.items() if type(name) is str}))
    else:
        files["policy.pth"] = torch_mutated(rng, model, weights, old) if kind < 0.65 else packed(weights)
    if 0.65 <= kind < 0.85:
        json_changed(rng, data, ("uint8", _serialized(rng)))
        files["data"] = json.dumps(data).encode()
    elif 0.85 <= kind < 0.9:
        files["data"] = damaged(rng, files["data"])
    elif 0.9 <= kind < 0.95:
        return _archive_mutated(rng, files)
    elif kind >= 0.95:
        return _ends_damaged(rng, packed(files))
    return packed(files)


def _model_files() -> Callable[[random.Random], bytes]:
    state = base_state()
    weights, old = unpacked(saved(from_impala(state))), saved(from_impala(state), as_zip=False)
    return lambda rng: model_mutated(rng, state, weights, old)


_MAKERS = {"safetensors": _safetensors_files, "pth": _torch_files, "zip": _model_files}


def prepare(seed: int, kind: str) -> Work:
    """Loads mutated checkpoints of a kind from the working folder, where planted code would put its marker."""
    warnings.simplefilter("ignore")
    make, path = _MAKERS[kind](), Path.cwd() / f"input.{kind}"

    def work(indices: Sequence[int]) -> list[Outcome]:
        outcomes = []
        for index in indices:
            path.write_bytes(make(generator(seed, kind, index)))
            outcomes.append(_load(index, path))
            path.unlink()
        return outcomes

    return work


def _load(index: int, path: Path) -> Outcome:
    outcome = _outcome(index, path)
    marker = path.parent / pickles.MARKER
    if marker.exists():
        marker.unlink()
        return Outcome(index, outcome.accepted, outcome.checks, "code from the file was run")
    return outcome


def _outcome(index: int, path: Path) -> Outcome:
    try:
        policy = load_policy(path)
    except CheckpointError as error:
        message = str(error)
        if str(path) not in message or len(message) > _LONGEST_MESSAGE or not message.isprintable():
            return Outcome(index, finding=f"an unclear message: {message[:300]!r}")
        return Outcome(index, checks=(pattern_of(message),))
    except Exception as error:
        return Outcome(index, finding=f"{type(error).__name__} instead of CheckpointError: {str(error)[:300]!r}")
    probabilities = policy.action_probabilities(np.zeros((64, 64, 3), np.uint8))
    wrong = None if probabilities.shape == (15,) else f"probabilities of shape {probabilities.shape}"
    return Outcome(index, accepted=True, finding=wrong)


def _target(kind: str, what: str) -> Target:
    return Target(
        name=kind,
        what=(
            f"Mutated {what} of a network of width 1, into `load_policy`. What is accepted gives the probabilities of "
            f"an observation. Planted pickles would make the file `{pickles.MARKER}` if anything unpickled them, which "
            "would be a finding. Length and header: no whole file, or a pickle that is refused as it is read."
        ),
        prepare=partial(prepare, kind=kind),
        count=10_000,
        batch=50,
        seconds=90,
        header=(r"^not a whole", r"^refused, since"),
    )


TARGETS = (
    _target("safetensors", "`.safetensors` files"),
    _target("pth", "`.pth` files, as archives, in the format before them, and as bare pickles,"),
    _target("zip", "`.zip` files as Stable-Baselines3 writes them"),
)
