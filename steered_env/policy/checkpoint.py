"""Checkpoints in and out. Nothing in a checkpoint is ever run."""

from __future__ import annotations

import difflib
import json
import os
import pickle
import re
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from steered_env.system import atomic_file

from .archives import TooLargeError
from .finite import check_finite
from .impala import ImpalaPolicy
from .plain_tensors import NOT_PLAIN, is_plain
from .sb3_archive import ModelError, read_zip
from .torch_files import load_torch
from .wrapped_names import without_wrappers

_FIRST = "embedder.block1.conv.weight"
_FIRST_KERNEL = (3, 3, 3)
_CHANNELS = 16
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_STATE_KEYS = ("model_state_dict", "state_dict")
"""Under which of these a checkpoint holds the weights beside other things; the first one counts."""
_WEIGHTS, _SUFFIX = "weights", ".safetensors"
_IN_A_FOLDER = "policy.safetensors"
"""Name of the weights in the folder of a training run."""
_REASON = re.compile(
    r"(?:(?<=WeightsUnpickler error: )\s*\S|Trying to load unsupported).*?(?= Please use |$)", re.MULTILINE
)


class CheckpointError(ValueError):
    """A file that holds no policy that can be loaded."""


def packaged_policies() -> tuple[str, ...]:
    """The names of the policies that come with the package; ``small-7`` comes before ``small-10``."""
    folder = resources.files(__package__) / _WEIGHTS
    if not folder.is_dir():
        return ()
    names = [Path(file.name).stem for file in folder.iterdir() if file.name.endswith(_SUFFIX)]
    return tuple(sorted(names, key=_with_numbers))


def _is_left_out(name: str) -> bool:
    """Whether a policy is packaged in a clone alone: an installed package has the cards of all, the weights of some."""
    return name.isprintable() and "/" not in name and (resources.files(__package__) / _WEIGHTS / f"{name}.md").is_file()


def _with_numbers(name: str) -> list[tuple[bool, int, str]]:
    """A key that sorts runs of digits by their value."""
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)]


def load_policy(source: str | os.PathLike[str] = "small", *, device: torch.device | str = "cpu") -> ImpalaPolicy:
    """Load a policy, ready for inference.

    Args:
        source: The name of a packaged policy, or a path: ``.safetensors``, or a ``.pth`` whose
            ``model_state_dict`` or ``state_dict`` holds the weights (as the published checkpoints do; what else it
            carries is ignored), or a bare state dict, or the ``.zip`` of a Stable-Baselines3 model with an
            `ImpalaExtractor` (whose pickled objects are left alone). Prefixes of ``DataParallel`` and
            ``torch.compile`` are taken off the names. A ``~`` is the home folder.
        device: Device to put the weights on.

    Returns:
        The policy in evaluation mode; its width is read from the weights.

    Raises:
        FileNotFoundError: if there is no such packaged policy and no such file; names the file of a policy that only a
            clone has.
        IsADirectoryError: if it is a folder; names the file to give instead.
        CheckpointError: if the file is damaged, holds code, or is of another network.

    Example:
        >>> load_policy("small").width
        1
    """
    name = os.fspath(source)
    if name in packaged_policies():
        with resources.as_file(resources.files(__package__) / _WEIGHTS / f"{name}{_SUFFIX}") as path:
            return _build(_read(path), path, device)
    path = Path(os.path.expanduser(name))
    if path.is_dir():
        raise IsADirectoryError(f"policy {name!r} is a folder: name the file in it, such as {path / _IN_A_FOLDER}")
    if not path.is_file():
        if _is_left_out(name):
            raise FileNotFoundError(
                f"policy {name!r} is not in this installation, which has {', '.join(packaged_policies())}: name its "
                f"file, which a clone has as steered_env/policy/{_WEIGHTS}/{name}{_SUFFIX}"
            )
        if path.name != name or path.suffix:
            raise FileNotFoundError(f"no policy {name!r}: there is no such file")
        near = difflib.get_close_matches(name, packaged_policies(), n=1)
        raise FileNotFoundError(
            f"no policy {name!r}: neither a file nor one of the packaged policies "
            f"({', '.join(packaged_policies()) or 'none'}){f'; did you mean {near[0]}?' if near else ''}"
        )
    if path.suffix not in _READERS:
        raise CheckpointError(f"{path}: a checkpoint's name must end in {', '.join(_READERS)}, got {path.suffix!r}")
    return _build(_read(path), path, device)


def save_policy(
    policy: ImpalaPolicy,
    path: str | os.PathLike[str],
    *,
    metadata: Mapping[str, Any] | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a policy as ``.safetensors``; the file is whole or not there.

    Args:
        policy: The policy.
        path: File to write; its name must end in ``.safetensors``. Its folder is made.
        metadata: Anything that JSON can hold, kept in the file's header.
        dtype: Type of the weights in the file; ``torch.float16`` takes half the space (`rounded` gives what is loaded
            then).

    Raises:
        ValueError: if the path does not end in ``.safetensors``, or a weight is not finite, or becomes infinite in
            ``dtype``.
        OSError: if the file cannot be written.
    """
    target = Path(path)
    if target.suffix != ".safetensors":
        raise ValueError(f"weights are written as .safetensors only, got {target.name!r}")
    header = {key: json.dumps(value) for key, value in (metadata or {}).items()}
    tensors = {name: tensor.detach().cpu().to(dtype).contiguous() for name, tensor in policy.state_dict().items()}
    check_finite(tensors.items())
    with atomic_file(target, make_folder=True) as temporary:
        save_file(tensors, temporary, metadata=header)


def rounded(policy: ImpalaPolicy, dtype: torch.dtype) -> ImpalaPolicy:
    """A copy of a policy whose weights are those that a file in ``dtype`` would give back."""
    copy = ImpalaPolicy(policy.width)
    copy.load_state_dict({name: tensor.to(dtype) for name, tensor in policy.state_dict().items()})
    return copy.eval()


def read_metadata(source: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `save_policy` kept beside the weights of a packaged policy, or of a ``.safetensors`` file."""
    name = os.fspath(source)
    if name in packaged_policies():
        with resources.as_file(resources.files(__package__) / _WEIGHTS / f"{name}{_SUFFIX}") as path:
            return read_metadata(path)
    with safe_open(os.path.expanduser(name), "pt") as file:
        return {key: json.loads(value) for key, value in (file.metadata() or {}).items()}


def _read(path: Path) -> Mapping[str, Any]:
    """Read the weights in a file; whatever is wrong with it is a `CheckpointError`."""
    reader, kind = _READERS[path.suffix]
    try:
        return reader(path)
    except pickle.UnpicklingError as error:
        match = _REASON.search(str(error))  # torch's reason, without its advice to trust the file
        reason = match[0] if match else _first_line(error)
        raise CheckpointError(
            f"{path}: refused, since it holds something other than tensors and plain values, which could run "
            f"code ({_shown(reason.strip(), 200)}); or it is damaged. Save the state dict alone"
        ) from None
    except TooLargeError as error:
        raise CheckpointError(f"{path}: refused unread, {_shown(error, 400)}") from None
    except ModelError as error:
        raise CheckpointError(f"{path}: holds another model, {_shown(error, 400)}") from None
    except PermissionError:
        raise
    except Exception as error:  # a damaged file makes its readers raise almost anything
        raise CheckpointError(f"{path}: not a whole {kind} ({_first_line(error)})") from None


def _read_safetensors(path: Path) -> dict[str, Any]:
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def _read_torch(path: Path) -> Mapping[str, Any]:
    content = load_torch(path)
    state = content
    if isinstance(content, Mapping):
        state = next((content[key] for key in _STATE_KEYS if key in content), content)
    if not isinstance(state, Mapping):
        raise ModelError(
            f"it must be a state dict or hold one under {' or '.join(_STATE_KEYS)}, got {type(state).__name__}"
        )
    return state


_READERS: dict[str, tuple[Callable[[Path], Mapping[str, Any]], str]] = {
    ".safetensors": (_read_safetensors, "safetensors file"),
    ".pth": (_read_torch, "PyTorch checkpoint"),
    ".pt": (_read_torch, "PyTorch checkpoint"),
    ".zip": (read_zip, "Stable-Baselines3 model"),
}


def _first_line(error: BaseException) -> str:
    return _shown((str(error).splitlines() or [type(error).__name__])[0], 200)


def _shown(words: object, longest: int = 80) -> str:
    """Make text from a file fit to be printed: without the signs that a terminal obeys, and not too long."""
    return "".join(sign if sign.isprintable() else "�" for sign in str(words)[:longest])


def _build(state: Mapping[str, Any], path: Path, device: torch.device | str) -> ImpalaPolicy:
    state = without_wrappers(state)
    width = _width_of(state, path)
    with torch.device("meta"):  # shapes without memory: nothing of that width is made before all of it is there
        expected = {name: tensor.shape for name, tensor in ImpalaPolicy(width).state_dict().items()}
    for name, shape in expected.items():
        _check_parameter(state.get(name), name, tuple(shape), width, path)
    if unknown := sorted(map(str, set(state) - set(expected))):
        raise CheckpointError(
            f"{path}: holds another network, with {len(unknown)} unknown parameters such as {_shown(unknown[0])}"
        )
    policy = ImpalaPolicy(width)
    policy.load_state_dict(dict(state))
    return policy.to(device).eval()


def _check_parameter(tensor: object, name: str, shape: tuple[int, ...], width: int, path: Path) -> None:
    """Refuse what is no plain tensor of this shape, whole in memory, with finite numbers."""
    if not isinstance(tensor, Tensor):
        raise CheckpointError(f"{path}: holds another network, {name} is missing")
    if not is_plain(tensor):
        raise CheckpointError(f"{path}: {name} {NOT_PLAIN}")
    if tuple(tensor.shape) != shape or tensor.dtype not in _FLOATS:
        raise CheckpointError(
            f"{path}: holds another network, {name} must be a float tensor of shape {shape} at width {width}, "
            f"of 16 bits or more, got {tensor.dtype} {tuple(tensor.shape)}"
        )
    if not bool(tensor.isfinite().all()):
        raise CheckpointError(f"{path}: {name} holds numbers that are not finite")


def _width_of(state: Mapping[str, Any], path: Path) -> int:
    first = state.get(_FIRST)
    if not isinstance(first, Tensor):
        names = ", ".join(_shown(name) for name in list(state)[:3]) or "nothing"
        raise CheckpointError(f"{path}: holds another network, {_FIRST} is missing (it has {names}, …)")
    if not is_plain(first):
        raise CheckpointError(f"{path}: {_FIRST} {NOT_PLAIN}")
    if first.ndim != 4:
        raise CheckpointError(f"{path}: {_FIRST} must have 4 dimensions, got {first.ndim}")
    width, rest = divmod(first.shape[0], _CHANNELS)
    if rest or width < 1:
        raise CheckpointError(f"{path}: {_FIRST} must have a multiple of {_CHANNELS} channels, got {first.shape[0]}")
    _check_parameter(
        first, _FIRST, (_CHANNELS * width, *_FIRST_KERNEL), width, path
    )  # so that the file bounds the width
    return width
