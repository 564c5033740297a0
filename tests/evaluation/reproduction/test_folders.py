"""The folder of a reproduction: what others keep there stays, and nothing tells where it lies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from evaluation.reproduction import reproduce
from evaluation.reproduction import run as run_module
from evaluation.reproduction.claims import all_claims
from evaluation.reproduction.drawing import dots
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab
from evaluation.reproduction.store import Stored, load, save
from evaluation.reproduction.verdict import Check
from evaluation.results import Interval
from evaluation.views import fields_figure
from steered_env import ImpalaPolicy

FOR_PEOPLE = {".html", ".csv", ".svg"}


@pytest.mark.parametrize("name", ["index.html", "summary.csv", "claims", "measured", "run.json"])
def test_files_of_others_stop_it(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("of somebody else")
    with pytest.raises((FileExistsError, RuntimeError), match=name):
        reproduce("small", [0], claims=["size"], out=tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: "of somebody else"}


def test_files_of_others_in_a_finding_outlive_it(tmp_path: Path) -> None:
    finding = Stored(
        [], "A sentence.", {"a table": pd.DataFrame({"a": [1]})}, [Illustration("one", "A figure.", Figure())]
    )
    save(tmp_path, "claim", finding)
    folder = tmp_path / "claims" / "claim"
    (folder / "notes").mkdir()
    for path in (folder / "notes" / "deep.txt", folder / "notes.txt", tmp_path / "claims" / "mine.txt"):
        path.write_text("mine")
    for again in (replace(finding, illustrations=[]), finding):
        save(tmp_path, "claim", again)
    save(tmp_path, "claim", Stored([], "An error.", problem="failed"))
    assert {path.name for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == b"mine"} == {
        "deep.txt", "notes.txt", "mine.txt",
    }  # fmt: skip
    stored = load(tmp_path, "claim")
    assert stored is not None
    assert stored.problem == "failed"
    assert not list(folder.glob("one.*"))  # its own of before are gone


@pytest.mark.parametrize("folder", ["absolute", "relative"])
def test_no_file_tells_where_the_policy_lies(
    small: ImpalaPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """The policy is a checkpoint as others publish it: wrapped, with prefixes, and with more than weights."""
    home = tmp_path / "home of alice" / "my models"
    home.mkdir(parents=True)
    state = {f"module.{name}": tensor for name, tensor in small.state_dict().items()}
    torch.save({"model_state_dict": state, "optimizer_state_dict": {"lr": 0.1}, "timesteps": 7}, home / "mouse.pth")
    monkeypatch.chdir(home.parent)
    policy = home / "mouse.pth" if folder == "absolute" else Path(home.name) / "mouse.pth"

    def drawn(lab: Lab) -> Finding:
        numbers = {"a": {"b": Interval(0.5, 0.4, 0.6)}}
        figures = [dots(numbers, "x"), fields_figure([lab.fields(["baseline"], [0])[0][0]], policy=lab.policy_name)]
        illustrations = [Illustration(f"figure-{number}", "A figure.", figure) for number, figure in enumerate(figures)]
        checks = [Check("a check", Interval(0.5, 0.4, 0.6), least=0.3)]
        return Finding(checks, "A sentence.", {"a table": pd.DataFrame({"level": [0]})}, illustrations)

    def broken(_lab: Lab) -> Finding:
        raise FileNotFoundError(2, "no such file", str(home / "x y.txt"))

    baseline = replace(all_claims()[0], conditions=())
    claims = [replace(baseline, name="drawn", measure=drawn)]
    claims.append(replace(baseline, number=2, name="broken", measure=broken))
    (family,) = (claim for claim in all_claims() if claim.name == "family")
    claims.append(replace(family, number=3, other_policies=tuple))
    monkeypatch.setattr(run_module, "chosen_claims", lambda _names, **_quick: claims)
    monkeypatch.setenv("HOME", str(home.parent))
    out = home / "run"
    reproduction = reproduce(str(policy), [0], out=out, quick=True)
    assert [stored.problem for stored in reproduction.findings.values()] == ["", "failed", "does not apply"]
    files = [path for path in out.rglob("*") if path.suffix in {*FOR_PEOPLE, ".json"}]
    assert {path.suffix for path in files} == {".html", ".csv", ".svg", ".json"}
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert "alice" not in text, path
        assert "my models" not in text, path
        assert str(tmp_path.parent) not in text, path
    for figure in out.rglob("*.svg"):
        assert "policy mouse.pth" in figure.read_text(encoding="utf-8")  # a comment beside the drawn letters
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "--policy mouse.pth" in page
    assert "nothing of mouse.pth" in page
    assert "x y.txt" in page
