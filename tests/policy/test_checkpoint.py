from __future__ import annotations

import io
import os
import pickle
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from steered_env import CheckpointError, ImpalaPolicy, Maze, load_policy, save_policy
from steered_env.policy import archives, check_finite, checkpoint
from steered_env.policy.checkpoint import read_metadata, rounded


@pytest.fixture
def published(tmp_path: Path) -> tuple[ImpalaPolicy, Path]:
    """A width-4 checkpoint as a training script publishes it, with optimizer state and more."""
    torch.manual_seed(0)
    policy = ImpalaPolicy(4)
    optimizer = torch.optim.Adam(policy.parameters())
    logits, values = policy(torch.rand(2, 3, 64, 64))
    torch.autograd.backward(logits.sum() + values.sum())
    optimizer.step()
    path = tmp_path / "model_200015872.pth"
    torch.save(
        {"model_state_dict": policy.state_dict(), "optimizer_state_dict": optimizer.state_dict(), "t": 200_015_872},
        path,
    )
    return policy.eval(), path


def test_published_checkpoint(published: tuple[ImpalaPolicy, Path], mazes: list[Maze]) -> None:
    policy, path = published
    loaded = load_policy(path)
    assert loaded.width == 4
    assert not loaded.training
    observations = np.stack([maze.observe() for maze in mazes[:3]])
    assert np.array_equal(loaded.action_probabilities(observations), policy.action_probabilities(observations))


def test_bare_state_dict(tmp_path: Path) -> None:
    torch.save(ImpalaPolicy(2).state_dict(), tmp_path / "bare.pt")
    assert load_policy(tmp_path / "bare.pt").width == 2


@pytest.mark.parametrize("key", ["model_state_dict", "state_dict", None])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_checkpoints_as_others_write_them(
    tmp_path: Path, reference_policy: ImpalaPolicy, mazes: list[Maze], key: str | None, prefix: str
) -> None:
    state = {prefix + name: tensor for name, tensor in reference_policy.state_dict().items()}
    beside = {"return": np.float64(9.5), "done": np.bool_(True), "steps": np.int64(3), "mean": np.arange(3.0)}
    torch.save({key: state, **beside} if key else state, tmp_path / "other.pth")
    observation = mazes[0].observe()
    loaded = load_policy(tmp_path / "other.pth")
    assert np.array_equal(loaded.action_probabilities(observation), reference_policy.action_probabilities(observation))
    assert np.float64 not in torch.serialization.get_safe_globals()


def test_only_what_is_in_front_of_every_name_is_a_prefix(tmp_path: Path) -> None:
    state = ImpalaPolicy().state_dict()
    bias = state.pop("fc_value.bias")
    torch.save({**state, "module.fc_value.bias": bias}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"fc_value\.bias is missing"):
        load_policy(tmp_path / "other.pth")


class Numpy:
    """Pickled like a number of numpy's, but of a type whose making would run code of another."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __reduce__(self) -> tuple:
        return np.float64(1).__reduce__()[0], (np.dtype("O"), self._value)


def test_what_is_called_like_a_number_of_numpy_is_no_way_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": ImpalaPolicy().state_dict(), "t": Numpy(Bomb())}, "bomb.pth")
    with pytest.raises(CheckpointError, match="could run code"):
        load_policy("bomb.pth")
    torch.save({"state_dict": ImpalaPolicy().state_dict(), "t": Numpy("a")}, "inert.pth")
    load_policy("inert.pth")
    assert not (tmp_path / "exploded").exists()


def test_save_and_load(tmp_path: Path, reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    path = tmp_path / "policy.safetensors"
    save_policy(reference_policy, path, metadata={"config": {"seed": 3}})
    observation = mazes[0].observe()
    assert np.array_equal(
        load_policy(path).action_probabilities(observation), reference_policy.action_probabilities(observation)
    )
    assert read_metadata(path) == {"config": {"seed": 3}}
    assert os.listdir(tmp_path) == ["policy.safetensors"]
    with pytest.raises(ValueError, match=r"as \.safetensors only, got 'policy\.pth'"):
        save_policy(reference_policy, tmp_path / "policy.pth")


def test_half_the_space(tmp_path: Path, reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    save_policy(reference_policy, tmp_path / "whole.safetensors")
    save_policy(reference_policy, tmp_path / "half.safetensors", dtype=torch.float16)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "whole")]
    assert sizes[0] < 0.51 * sizes[1]
    loaded = load_policy(tmp_path / "half.safetensors")
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    observations = np.stack([maze.observe() for maze in mazes])
    expected = rounded(reference_policy, torch.float16).action_probabilities(observations)
    assert np.array_equal(loaded.action_probabilities(observations), expected)
    assert np.allclose(expected, reference_policy.action_probabilities(observations), atol=0.01)


class Bomb:
    def __reduce__(self) -> tuple:
        return os.system, ("touch exploded",)


def test_a_pickle_bomb_does_not_go_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"model_state_dict": ImpalaPolicy().state_dict(), "extra": Bomb()}, "bomb.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Bomb()))
    for name in ("bomb.pth", "plain.pth"):
        with pytest.raises(CheckpointError, match="could run code") as caught:
            load_policy(name)
        assert "\n" not in str(caught.value)
        assert "weights_only" not in str(caught.value)  # torch advises to trust the file
    assert not (tmp_path / "exploded").exists()


def test_other_networks(tmp_path: Path) -> None:
    def load(state: dict, name: str = "other.safetensors") -> None:
        save_file(state, tmp_path / name)
        load_policy(tmp_path / name)

    good = {name: tensor.contiguous() for name, tensor in ImpalaPolicy().state_dict().items()}
    first = "embedder.block1.conv.weight"
    with pytest.raises(CheckpointError, match=f"{first} is missing"):
        load({"weight": torch.zeros(3)})
    with pytest.raises(CheckpointError, match="multiple of 16 channels, got 17"):
        load({**good, first: torch.zeros(17, 3, 3, 3)})
    with pytest.raises(CheckpointError, match=r"must be a float tensor of shape \(32, 32, 3, 3\) at width 2"):
        load(
            {
                **good,
                first: torch.zeros(32, 3, 3, 3),
                "embedder.block1.conv.bias": torch.zeros(32),
                "embedder.block1.res1.conv1.weight": torch.zeros(32, 16, 3, 3),
            }
        )
    with pytest.raises(CheckpointError, match=r"fc_value\.bias is missing"):
        load({name: tensor for name, tensor in good.items() if name != "fc_value.bias"})
    with pytest.raises(CheckpointError, match="unknown parameters such as lstm"):
        load({**good, "lstm.weight": torch.zeros(2)})
    with pytest.raises(CheckpointError, match="not finite"):
        load({**good, "fc_value.bias": torch.full((1,), torch.nan)})
    with pytest.raises(CheckpointError, match=r"of 16 bits or more, got torch\.float8_e4m3fn \(1,\)"):
        load({**good, "fc_value.bias": torch.zeros(1).to(torch.float8_e4m3fn)})
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(
        CheckpointError, match="must be a state dict or hold one under model_state_dict or state_dict, got list"
    ):
        load_policy(tmp_path / "list.pth")


def test_a_file_cannot_claim_a_width_that_it_does_not_hold(tmp_path: Path) -> None:
    """One number that stands for all of a network a hundred thousand times as wide."""
    torch.save({"embedder.block1.conv.weight": torch.zeros(1, 1, 1, 1).expand(1_600_000, 3, 3, 3)}, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match="each of its numbers in the file"):
        load_policy(tmp_path / "w.pth")
    save_file({"embedder.block1.conv.weight": torch.zeros(1_600_000, 3, 0, 3)}, tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match=r"must be a float tensor of shape \(1600000, 3, 3, 3\)"):
        load_policy(tmp_path / "w.safetensors")


def test_policies_that_an_installed_package_has_only_the_card_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(Path(checkpoint.__file__).with_name("weights") / "small.safetensors", tmp_path)
    (tmp_path / "small-7.md").touch()
    monkeypatch.setattr(checkpoint, "_WEIGHTS", str(tmp_path))
    assert load_policy("small").width == 1
    for name, named in {
        "small-7": "in this installation, which has small: .*small-7.safetensors",
        "small-8": "neither",
    }.items():
        with pytest.raises(FileNotFoundError, match=named):
            load_policy(name)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no policy 'smal': neither a file nor one of the packaged policies"):
        load_policy("smal")
    (tmp_path / "model.onnx").touch()
    with pytest.raises(CheckpointError, match=r"must end in \.safetensors, \.pth, \.pt, \.zip, got '\.onnx'"):
        load_policy(tmp_path / "model.onnx")


def test_home_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    save_policy(ImpalaPolicy(2), tmp_path / "run" / "new" / "policy.safetensors", metadata={"a": 1})
    assert load_policy("~/run/new/policy.safetensors").width == 2
    assert read_metadata("~/run/new/policy.safetensors") == {"a": 1}
    with pytest.raises(IsADirectoryError, match=r"'~/run/new' is a folder: .*, such as .*/run/new/policy\.safetensors"):
        load_policy("~/run/new")


def test_weights_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    policy = ImpalaPolicy()
    with torch.no_grad():
        policy.fc_value.bias[0] = 1e6
    save_policy(policy, tmp_path / "policy.safetensors")
    with pytest.raises(ValueError, match=r"fc_value\.bias holds numbers that are not finite \(1 of 1\)"):
        save_policy(policy, tmp_path / "half.safetensors", dtype=torch.float16)
    assert os.listdir(tmp_path) == ["policy.safetensors"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_numbers_that_are_not_finite_in_every_precision(dtype: torch.dtype, bad: float) -> None:
    fine = torch.tensor([0.0, -1.5, torch.finfo(dtype).max, torch.finfo(dtype).tiny], dtype=dtype)
    check_finite([("x", torch.cat([fine, fine]))])  # though their sum is not
    with pytest.raises(ValueError, match=r"x holds numbers that are not finite \(1 of 5\)"):
        check_finite([("x", torch.cat([fine, torch.tensor([bad], dtype=dtype)]))])


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """What is in the archive of a checkpoint."""
    file = io.BytesIO()
    torch.save(ImpalaPolicy().state_dict(), file)
    return unpacked(file.getvalue())


def test_compressed_archives(tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "policy.pth"
    path.write_bytes(packed(files))
    assert load_policy(path).width == 1
    assert 4 * 16 * sum(map(len, files.values())) < archives.MOST_UNPACKED  # of `full` with its optimizer
    monkeypatch.setattr(archives, "MOST_UNPACKED", 2**24)
    monkeypatch.setattr(archives, "MOST_DESCRIBED", 2**20)
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda *_: pytest.fail("was unpacked"))
    whole_pickle = next(name for name in files if name.endswith("data.pkl"))
    for more, what in (
        ({"archive/data/99": bytes(2**24)}, "files would become"),
        ({whole_pickle: bytes(2**23)}, "pickles and JSON would become"),
    ):
        path.write_bytes(packed({**files, **more}))
        with pytest.raises(CheckpointError, match=f"refused unread, .* bytes whose {what} .*, more than"):
            load_policy(path)
    path.write_bytes(packed(files, zipfile.ZIP_BZIP2))
    with pytest.raises(CheckpointError, match="must be stored or deflated"):
        load_policy(path)
    model = tmp_path / "model.zip"
    for more in ({"data": bytes(2**20 + 1)}, {"policy.pth": bytes(2**24)}):
        model.write_bytes(packed({"data": b"{}", "policy.pth": b"", **more}))
        with pytest.raises(CheckpointError, match=r"refused unread, .* would become"):
            load_policy(model)


def test_an_archive_that_declares_less_than_it_holds(tmp_path: Path, files: dict[str, bytes]) -> None:
    """The sizes in the directory say 100 bytes, where 64 MiB are packed."""
    name = max(files, key=lambda name: len(files[name]))
    data = packed({**files, name: bytes(2**26)})
    (tmp_path / "lying.pth").write_bytes(data.replace((2**26).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    tracemalloc.start()
    with pytest.raises(CheckpointError, match="not a whole PyTorch checkpoint"):
        load_policy(tmp_path / "lying.pth")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**25
