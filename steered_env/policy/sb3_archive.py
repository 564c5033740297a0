"""The weights of a Stable-Baselines3 model with an `ImpalaExtractor`, read without running anything in its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from steered_env.simulator import OBSERVATION_SHAPE

from .archives import unpack
from .plain_tensors import NOT_PLAIN, is_plain
from .torch_files import load_torch
from .wrapped_names import without_wrappers

_CHANNELS_FIRST = [OBSERVATION_SHAPE[2], OBSERVATION_SHAPE[0], OBSERVATION_SHAPE[1]]
_DATA, _POLICY = "data", "policy.pth"
_EXTRACTOR = "features_extractor."
_COPIES = ("pi_features_extractor.", "vf_features_extractor.")
_HEADS = {"action_net.": "fc_policy.", "value_net.": "fc_value."}


class ModelError(ValueError):
    """A Stable-Baselines3 model whose weights are not those of an `ImpalaPolicy`."""


def to_impala(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of an `ImpalaPolicy` from that of a Stable-Baselines3 actor-critic policy.

    Raises:
        ModelError: if the model has another architecture.
    """
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if not (isinstance(name, str) and isinstance(tensor, Tensor) and is_plain(tensor)):
            raise ModelError(f"{name!r} {NOT_PLAIN}")
        head = next((ours for theirs, ours in _HEADS.items() if name.startswith(theirs)), None)
        if head is not None:
            renamed[head + name.split(".", 1)[1]] = tensor
        elif name.startswith(_EXTRACTOR):
            renamed[name.removeprefix(_EXTRACTOR)] = tensor
        elif name.startswith(_COPIES):
            shared = state.get(_EXTRACTOR + name.split(".", 1)[1])
            if shared is None or not torch.equal(shared, tensor):
                raise ModelError("its policy and value heads read different features: share_features_extractor was off")
        else:
            raise ModelError(f"it has layers after the features, such as {name}: net_arch must be []")
    return renamed


def from_impala(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a Stable-Baselines3 actor-critic policy from that of an `ImpalaPolicy`."""
    heads = {ours: theirs for theirs, ours in _HEADS.items()}
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        head = next((theirs for ours, theirs in heads.items() if name.startswith(ours)), None)
        if head is not None:
            renamed[head + name.split(".", 1)[1]] = tensor
        else:
            renamed |= {prefix + name: tensor for prefix in (_EXTRACTOR, *_COPIES)}
    return renamed


def read_zip(path: Path) -> dict[str, Tensor]:
    """The state dict of an `ImpalaPolicy` from a model that Stable-Baselines3 saved.

    The pickled objects in the file are left alone.

    Raises:
        ModelError: if the model was made for other observations, or has another architecture.
        TooLargeError: if the file is compressed, and far too large.
        zipfile.BadZipFile: if the file is damaged.
        KeyError: if it is no such model.
        pickle.UnpicklingError: if its weights hold something other than tensors and plain values.
    """
    files = unpack(path, (_DATA, _POLICY).__contains__, lambda name: name == _DATA)
    data, weights = files[_DATA], files[_POLICY]  # without both it is no such model, whatever is in the one
    _check_observations(json.loads(data))
    return to_impala(without_wrappers(load_torch(weights)))


def _check_observations(data: Mapping[str, Any]) -> None:
    space = data.get("observation_space") if isinstance(data, Mapping) else None
    if not isinstance(space, Mapping):
        raise ModelError("it does not say what observations it was trained on")
    shape, dtype = space.get("_shape"), space.get("dtype")
    if shape != _CHANNELS_FIRST or dtype != "uint8":
        raise ModelError(
            f"it was trained on observations of shape {shape} and dtype {dtype}, not on this environment's, "
            f"{_CHANNELS_FIRST} uint8 with channels first, as Stable-Baselines3 transposes them"
        )
    settings = data.get("policy_kwargs")
    if isinstance(settings, Mapping) and not settings.get("normalize_images", True):
        raise ModelError("it takes images from 0 to 255: normalize_images was off")
