"""The YAML front matter of model cards, as a model hub's own library reads it."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from evaluation.cards import write_front_matter
from evaluation.cards.measurements import MEASURED
from steered_env.policy import packaged_policies, read_metadata

WEIGHTS = Path(str(resources.files("steered_env.policy") / "weights"))


@pytest.mark.parametrize("name", [name for name in packaged_policies() if (WEIGHTS / f"{name}.md").is_file()])
def test_a_hub_reads_the_measured_rates(name: str) -> None:
    card, measured = ModelCard.load(WEIGHTS / f"{name}.md"), read_metadata(name)[MEASURED]
    assert card.data.license == "mit"
    assert card.data.model_name == name
    assert card.text.lstrip().startswith(f"# `{name}`")
    own, *steered = [result for result in card.data.eval_results if result.metric_type.startswith("reach_")]
    assert own.metric_value == pytest.approx(measured["cheese_rate"][0], abs=1e-4)
    assert len(steered) == 2 * len(measured["effects"])
    for result in steered:
        effect = measured["effects"][result.metric_args["condition"]]
        assert result.metric_value == pytest.approx(effect[result.metric_type], abs=1e-4)
        assert result.metric_args["mazes"] == effect["levels"]


def test_written_anew_it_is_the_same(tmp_path: Path) -> None:
    for end in (".md", ".safetensors"):
        shutil.copy(WEIGHTS / f"ppo-7{end}", tmp_path)
    card = tmp_path / "ppo-7.md"
    before = card.read_text(encoding="utf-8")
    card.write_text(before[before.index("# `ppo-7`") :], encoding="utf-8")
    assert write_front_matter(tmp_path / "ppo-7.safetensors").read_text(encoding="utf-8") == before
