from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import evaluate
from evaluation.cards import card as model_card
from evaluation.cards import cheese_rate, held_out_mazes, measurements
from evaluation.cards.training_facts import training_facts
from evaluation.measuring.uniform_policy import UniformPolicy
from steered_env import load_policy
from steered_env.policy.checkpoint import read_metadata, save_policy
from steered_env.training import HeldOut, Progress, move_accuracy
from steered_env.training.imitation import TrainingConfig, train
from steered_env.training.imitation import training as imitation
from steered_env.training.ppo import PPOConfig
from steered_env.training.ppo.training import train_ppo
from steered_env.training.run_folder import CONFIG, WEIGHTS


def stop_after(examples: int) -> Callable[[Progress], None]:
    def stop(progress: Progress) -> None:
        if progress.done == examples:
            signal.raise_signal(signal.SIGINT)

    return stop


def test_a_card_tells_what_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (imitation, measurements):
        monkeypatch.setattr(module, "move_accuracy", lambda p, **k: move_accuracy(p, levels=range(12), **k))
    monkeypatch.setattr(measurements, "_RATE_MAZES", 4)
    monkeypatch.setattr(measurements, "_TABLE_MAZES", 4)
    monkeypatch.setattr(measurements, "held_out_mazes", lambda count, _, **k: held_out_mazes(count, (3, 5), **k))
    command = "steered-env train --out runs/mine --examples 64 --seed 3 --batch-size 16"
    train(TrainingConfig(examples=64, batch_size=16, seed=3), tmp_path / "run", workers=0, command=command)
    seen: list[tuple[int, int]] = []
    files = model_card.write_card(
        tmp_path / "run", tmp_path / "card", "mine", lambda done, total: seen.append((done, total))
    )
    assert [file.name for file in files] == ["mine.md", "mine-curve.csv", "mine-curve.png", "mine.safetensors"]
    assert sorted(path.name for path in (tmp_path / "card").iterdir()) == sorted(file.name for file in files)
    assert seen[-1] == (12, 12)
    text = files[0].read_text(encoding="utf-8")
    assert f"| command | `{command}` |" in text
    assert read_metadata(files[3])["command"] == command
    for part in (
        "## Correct moves",
        "## Cheese rate",
        "## What it is bad at",
        "## What steering does",
        "| -cheese | 4 |",
    ):
        assert part in text
    policy = load_policy(files[3])
    stored = read_metadata(files[3])["measured"]
    assert files[3].stat().st_size < 1.4e6
    assert f"**{stored['cheese_rate'][0]:.3f}**" in text
    levels = list(dict.fromkeys(level for level, *_ in stored["rates"]))
    again = evaluate(policy, levels, list(dict.fromkeys(condition for _, condition, *_ in stored["rates"]))).frame
    rates = again.set_index(["level", "condition"])[["reach_cheese", "reach_top_right"]]
    assert len(rates) == len(stored["rates"])
    for level, condition, *stored_rates in stored["rates"]:
        expected = [np.nan if rate is None else rate for rate in stored_rates]
        assert rates.loc[(level, condition)].tolist() == pytest.approx(expected, nan_ok=True)
    assert pd.read_csv(files[1])["examples"].iloc[-1] == 64


def test_a_card_of_reinforcement_learning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "move_accuracy", lambda p, **k: move_accuracy(p, levels=range(12), **k))
    monkeypatch.setattr(measurements, "_RATE_MAZES", 5)
    monkeypatch.setattr(measurements, "_TABLE_SMALL_MAZES", 6)
    config = PPOConfig(steps=32, start="small", sizes=(5, 7), num_envs=4, n_steps=8, minibatches=2, value_warmup=1)
    config = replace(config, start_temperature=2.0, heads_only=True)
    train_ppo(config, tmp_path / "run", on_evaluation=lambda p: cheese_rate(p, 5, 3, (5, 7)))
    files = model_card.write_card(tmp_path / "run", tmp_path / "run", "mine", lambda _done, _total: None)
    text = files[0].read_text(encoding="utf-8")
    settings = (
        "steps=32, start=small, start_temperature=2.0, sizes=[5, 7], heads_only=True, num_envs=4, n_steps=8, "
        "minibatches=2, value_warmup=1"
    )
    assert f"| settings | `{settings}` |" in text
    changed = dict(re.findall(r"^(`small`.*), before training,.*training changed it by \*\*(\S+)\*\*", text, re.M))
    assert re.fullmatch(r"[+-]0\.000\d", changed["`small` at temperature 2"])  # only its value head has moved
    assert set(changed) == {"`small`", "`small` at temperature 2"}
    assert "| shortest path | `small` before | `small` at temperature 2 before | mazes |" in text
    assert "nothing before the two heads was changed" in text
    assert "Mazes larger than 7" in text
    assert "of sizes 5, 7" in text
    rows = [row.split(" | ") for row in text.splitlines() if row.startswith(("| 5 | ", "| 7 | ", "| all | "))][:3]
    assert [row[-1] for row in rows][-1] == "5 |"
    for row in rows:
        assert float(row[2]) < float(row[1])  # chance finds less cheese than the shipped policy


def test_a_card_of_several_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "move_accuracy", lambda p, **k: move_accuracy(p, levels=range(12), **k))
    monkeypatch.setattr(measurements, "_RATE_MAZES", 3)
    monkeypatch.setattr(measurements, "_TABLE_SMALL_MAZES", 6)
    monkeypatch.chdir(tmp_path)
    first = PPOConfig(steps=8, sizes=(3,), num_envs=2, n_steps=4, minibatches=2, time_limit=9)
    start = str(Path("runs/first/policy.safetensors"))
    train_ppo(first, Path("runs/first"), command="train first", on_evaluation=lambda _: {"cheese_rate": 0.25})
    train_ppo(replace(first, steps=16, sizes=(3, 5), start=start), Path("runs/then"), command="train then")
    files = model_card.write_card(Path("runs/then"), Path("card"), "then", lambda _done, _total: None)
    text = files[0].read_text(encoding="utf-8")
    assert "| start | new weights |" in text
    assert "| command | `train first` then `train then` |" in text
    assert "8 steps in mazes of size 3, episodes cut after 9, then 16 steps in mazes of sizes 3, 5, " in text
    curve = pd.read_csv(files[1])
    assert curve["stage"].tolist() == ["first"] * 2 + ["then"] * 3
    assert curve["steps"].tolist() == [0, 8, 8, 16, 24]
    assert "before training" not in text


def test_the_card_of_a_run_that_goes_on_says_how_far_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imitation, "move_accuracy", lambda p, **k: move_accuracy(p, levels=range(8), **k))
    with pytest.raises(KeyboardInterrupt):
        train(TrainingConfig(examples=64, batch_size=16), tmp_path, workers=0, on_progress=stop_after(48))
    description = json.loads((tmp_path / CONFIG).read_text(encoding="utf-8"))
    text = model_card.training_section(training_facts(read_metadata(tmp_path / WEIGHTS), description, "mine"))
    assert "| how far | 48 of 64 examples: these are the weights so far |" in text


def test_a_run_without_a_policy_has_no_card(tmp_path: Path) -> None:
    run, card = tmp_path / "run", tmp_path / "card"
    with pytest.raises(FileNotFoundError, match=r"holds no training run: there is no config\.json"):
        model_card.write_card(run, card, "mine", lambda _done, _total: None)
    with pytest.raises(KeyboardInterrupt):
        train(TrainingConfig(examples=1280, batch_size=16), run, workers=0, on_progress=stop_after(16))
    with pytest.raises(FileNotFoundError, match=r"has no policy yet: .* after the first evaluation"):
        model_card.write_card(run, card, "mine", lambda _done, _total: None)
    assert not card.exists()


def test_a_card_writes_over_nothing_of_others(tmp_path: Path) -> None:
    """Nor does it measure first, and then refuse."""
    run, card = tmp_path / "run", tmp_path / "card"
    for folder in (run, card):
        folder.mkdir()
    save_policy(load_policy(), run / WEIGHTS)
    for name, error in (("README.md", FileExistsError), ("mine.safetensors", FileExistsError), ("a/b.md", ValueError)):
        path = card / name
        if error is FileExistsError:
            path.write_text("of somebody else")
        with pytest.raises(error, match=re.escape(path.name.split(".")[0])):
            model_card.write_card(run, card, name.split(".")[0], lambda _done, _total: None)
    assert {path.read_text() for path in card.iterdir()} == {"of somebody else"}


def test_a_card_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    config = asdict(PPOConfig(steps=32, start=str(tmp_path / "first" / WEIGHTS)))
    first = {"algorithm": "ppo", "config": asdict(PPOConfig(steps=32)), "steps": 32, "seconds": 1.0}
    metadata = {**first, "config": config, "start": first, "command": f"train --out '{tmp_path}/new run'"}
    text = model_card.training_section(training_facts(metadata, {"device": "cpu"}, "mine"))
    assert "start=runs/first/policy.safetensors" in model_card.training_section(
        training_facts({**metadata, "command": ""}, {"device": "cpu"}, "mine")
    )
    assert "train --out 'new run'" in text
    assert str(tmp_path) not in text
    config["start"] = str(tmp_path / "other.pth")
    text = model_card.training_section(
        training_facts({**first, "config": config, "start": {}}, {"device": "cpu"}, "mine")
    )
    assert "`other.pth`" in text
    assert str(tmp_path) not in text


def test_a_mouse_settles_where_it_reaches_neither() -> None:
    mazes = held_out_mazes(20, (5, 7))
    steered = evaluate(UniformPolicy(), mazes=mazes, horizon=2000)
    rates = steered.with_decision_square().frame[["reach_cheese", "reach_top_right", "reach_either"]].mean()
    assert rates["reach_cheese"] + rates["reach_top_right"] > 1.2 * rates["reach_either"]  # many reach both
    held_out = HeldOut(0.5, {5: (0.5, 2)})
    measured = measurements.Measurements(1, (5, 7), held_out, mazes, steered, steered, {}, mazes, steered)
    assert measured.weaknesses()["settles_elsewhere"] == pytest.approx(1 - rates["reach_either"])


def test_an_old_run_was_made_with_what_was_in_effect_then() -> None:
    metadata = read_metadata("small")
    assert "mouse_weight" not in metadata["config"]
    text = model_card.training_section(training_facts(metadata, {"device": "cpu"}, "small"))
    assert "| settings | `" in text
    assert "mouse_weight=0.0" in text
    assert "running average" not in text
    assert "third one" not in text
    assert "minutes on cpu |" in text
