from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation import UniformPolicy, evaluate, sweep
from steered_env import ImpalaPolicy, Maze, Steering, cheese_vector
from steered_env.steering import DEFAULT_LAYER, scaling

LATER = "embedder.block3.res2.resadd"


def test_a_sweep_is_its_settings_one_by_one(small: ImpalaPolicy, reference_policy: ImpalaPolicy) -> None:
    levels = [3, 7, 17]  # a decision square, none, and size 25
    frame = sweep(
        {"a": small, "b": reference_policy},
        levels,
        vectors=["cheese", "top_right"],
        layers=[DEFAULT_LAYER, LATER],
        sources=[None, 0],
        coefficients=[-1, 0.5],
        horizon=4,
    )
    axes = ["policy", "vector", "layer", "source", "coefficient"]
    assert list(frame.columns[:5]) == axes
    assert not frame.duplicated([*axes, "level"]).any()
    # 2 policies × 2 layers × 2 coefficients; no top-right vector of its own in the maze of size 25
    sizes = [maze.size for maze in Maze.from_levels(levels)]
    assert len(frame) == 8 * (4 * len(levels) - sizes.count(25))
    for policy, name in ((small, "a"), (reference_policy, "b")):
        expression = f"0.5*top_right(layer={LATER!r}, level=0)"
        one = evaluate(policy, levels, [expression], horizon=4).frame
        chosen = (frame[axes[:3]] == [name, "top_right", LATER]).all(axis=1) & (frame["coefficient"] == 0.5)
        same = frame[chosen & (frame["source"] == 0)].reset_index(drop=True)
        measures = ["reach_cheese", "reach_top_right", "reach_region", "p_cheese_at_decision"]
        pd.testing.assert_frame_equal(same[measures], one[measures])


def test_coefficient_0_is_the_baseline_to_the_bit(small: ImpalaPolicy) -> None:
    levels = [1, 3, 7]
    frame = sweep(small, levels, layers=[DEFAULT_LAYER, LATER], coefficients=[0])
    baseline = evaluate(small, levels).frame
    for _, rows in frame.groupby("layer"):
        assert np.array_equal(rows["reach_cheese"], baseline["reach_cheese"])


def test_vectors_of_ones_own(small: ImpalaPolicy) -> None:
    """A steering, a function and an intervention are each what `evaluate` makes of them."""
    levels, fixed = [0, 6], cheese_vector(small, Maze.from_level(3))
    own = {"fixed": fixed, "made": lambda policy, maze: cheese_vector(policy, maze), "half": scaling(0.5)}
    frame = sweep(small, levels, vectors=own, sources=[None, 3], coefficients=[-1, 0.5], horizon=8)
    assert frame.groupby("vector").size().to_dict() == {"fixed": 4, "made": 8, "half": 2}
    assert frame[frame["vector"] == "half"]["coefficient"].isna().all()
    assert set(frame[frame["vector"] == "fixed"]["layer"]) == {DEFAULT_LAYER}

    def reach(vector: str, coefficient: float | None, source: int | None) -> list[float]:
        same = frame["coefficient"].isna() if coefficient is None else frame["coefficient"] == coefficient
        from_there = frame["source"].isna() if source is None else frame["source"] == source
        return frame[(frame["vector"] == vector) & same & from_there]["reach_cheese"].tolist()

    conditions = [("-fixed", -fixed), ("half", scaling(0.5)), "0.5*cheese", "-cheese(level=3)"]
    expected = evaluate(small, levels, conditions, horizon=8).frame.pivot(
        index="level", columns="condition", values="reach_cheese"
    )
    for found, name in (
        (reach("fixed", -1, None), "-fixed"),
        (reach("half", None, None), "half"),
        (reach("made", 0.5, None), "0.5*cheese"),
        (reach("made", -1, 3), "-cheese(level=3)"),
    ):
        assert np.allclose(found, expected[name], atol=1e-6), name
    listed = sweep(small, 0, vectors=["cheese", ("fixed", fixed)], coefficients=[1], horizon=2)
    assert listed["vector"].tolist() == ["cheese", "fixed"]
    with pytest.raises(TypeError, match=r"coefficients=\[1\]"):
        sweep(small, 0, vectors={"half": lambda policy, maze: scaling(0.5)}, coefficients=[2], horizon=2)


def test_progress_counts_over_policies(small: ImpalaPolicy) -> None:
    seen: list[tuple[int, int]] = []
    mazes = Maze.from_levels([1, 3, 7, 10, 11])
    frame = sweep(
        ["small", "small"], mazes=mazes, coefficients=[0], horizon=4, on_progress=lambda *now: seen.append(now)
    )
    assert seen[-1] == (5, 5)
    assert frame["policy"].unique().tolist() == ["small"]
    seen.clear()
    policies = {"a": small, "b": small}
    sweep(policies, mazes=mazes, coefficients=[0], horizon=4, workers=1, on_progress=lambda *now: seen.append(now))
    assert seen == [(0, 10), (5, 10), (5, 10), (10, 10)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vectors": ["chese"]}, "unknown vector 'chese'; there are cheese, top_right, .*random"),
        ({"coefficients": []}, "at least one of its coefficients"),
        ({"policies": {}}, "at least one policy"),
        ({"layers": ["embedder.block2.res1.resad"]}, "near names are"),
        ({"sources": [-1]}, "level must be ≥ 0, got -1"),
        ({"coefficients": [float("nan")]}, "finite"),
        ({"vectors": [("cheese", Steering())]}, "meaning already"),
        ({"vectors": [("a", Steering()), ("a", Steering())]}, "two vectors are called 'a'"),
    ],
)
def test_bad_arguments(small: ImpalaPolicy, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sweep(**{"policies": small, "levels": 0, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vectors": [("x", 3)]}, "vectors .* tuple"),
        ({"vectors": "cheese"}, r"vectors=\['cheese'\]"),
        ({"layers": "embedder.block1"}, r"layers=\['embedder.block1'\]"),
        ({"layers": [["embedder.block1"]]}, "layers"),
        ({"sources": 0}, r"sources=\[0\]"),
        ({"sources": [[0]]}, "level must be a whole number"),
        ({"coefficients": 2}, r"coefficients=\[2\]"),
        ({"coefficients": [[1]]}, "coefficients .* numbers"),
        ({"policies": [UniformPolicy()]}, "UniformPolicy"),
    ],
)
def test_arguments_of_the_wrong_kind(small: ImpalaPolicy, arguments: dict, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        sweep(**{"policies": small, "levels": 0, **arguments})
