from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from evaluation import UniformPolicy, evaluate, vector_field
from evaluation.measuring.sampled import draw_keys, episode_uniforms
from evaluation.storage.fingerprints import fingerprint
from evaluation.storage.schema import COLUMNS
from steered_env import ImpalaPolicy, Maze, SteeredPolicy, Steering, cheese_vector
from steered_env.steering import sample_actions

CONDITIONS = ["baseline", "-cheese", "-random"]


def test_rows_in_the_order_given(reference_policy: ImpalaPolicy) -> None:
    frame = evaluate(reference_policy, [12, 3, 17], ["-cheese", "top_right", "baseline"], horizon=16).frame
    assert list(frame.columns) == ["maze", *COLUMNS]
    assert frame[["level", "condition"]].values.tolist() == [
        [12, "-cheese"], [12, "top_right"], [12, "baseline"],
        [3, "-cheese"], [3, "top_right"], [3, "baseline"],
        [17, "-cheese"], [17, "baseline"],
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["exact", "sampled"])
def test_the_bits_do_not_depend_on_workers_or_chunks(reference_policy: ImpalaPolicy, method: str) -> None:
    more = {"episodes": 5} if method == "sampled" else {}
    runs = [
        evaluate(reference_policy, levels, CONDITIONS, method=method, horizon=4, workers=workers, chunk=1, **more)
        for levels, workers in (([1, 3, 7, 10], 1), ([1, 3, 7, 10], 3), ([1, 10, 3, 7], 2))
    ]
    frames = [run.frame.drop(columns="maze").sort_values(["level", "condition"]).reset_index(drop=True) for run in runs]
    pd.testing.assert_frame_equal(frames[0], frames[1], check_exact=True)
    pd.testing.assert_frame_equal(frames[0], frames[2], check_exact=True)


def test_torch_threads_are_given_back(reference_policy: ImpalaPolicy) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    evaluate(reference_policy, 1, horizon=4)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_edits_and_mazes(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    edited = evaluate(reference_policy, [7, 30], ["baseline", "cheese"], edits=[Maze.without_cheese], horizon=16)
    assert edited.frame["condition"].tolist() == ["baseline", "baseline"]  # no cheese, no cheese vector
    by_hand = evaluate(
        reference_policy,
        mazes=[mazes[7].without_cheese(), mazes[30].without_cheese()],
        conditions=["baseline"],
        horizon=16,
    )
    pd.testing.assert_frame_equal(edited.frame, by_hand.frame)
    assert edited.description["edits"] == ["Maze.without_cheese"]
    drawn = Maze.from_text("..C\n.#.\n>#.")
    frame = evaluate(reference_policy, mazes=[drawn, mazes[1]]).frame
    assert frame["level"].isna().tolist() == [True, False]


def test_subtracting_the_cheese_is_removing_it_at_the_start(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    """Within one step the rates of -cheese are those of the maze without cheese, up to the cheese itself."""
    next_to_corner = mazes[0].with_mouse(mazes[0].path(mazes[0].start, mazes[0].corner)[-2])
    minus = evaluate(reference_policy, mazes=[next_to_corner], conditions=["-cheese"], horizon=1).frame
    without = evaluate(reference_policy, mazes=[next_to_corner.without_cheese()], horizon=1).frame
    assert minus["reach_top_right"][0] == pytest.approx(without["reach_top_right"][0], abs=1e-5)
    assert 0 < minus["reach_top_right"][0] < 1


def test_a_steered_policy_brings_its_steering(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    vector = cheese_vector(reference_policy, mazes[1])
    named = evaluate(reference_policy, 1, {"mine": -vector}, horizon=64).frame
    steered = evaluate(SteeredPolicy(reference_policy, -vector), 1, ["baseline"], horizon=64).frame
    assert named["reach_cheese"][0] == steered["reach_cheese"][0]
    assert steered["reach_cheese"][0] != evaluate(reference_policy, 1, horizon=64).frame["reach_cheese"][0]


class OnlyPredicts:
    """A policy with nothing but predict, and a memory that counts steps."""

    def __init__(self, policy: ImpalaPolicy) -> None:
        self._policy, self._generator = policy, np.random.default_rng(0)
        self.longest, self.asked = 0, set()

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        steps = np.where(episode_start, 0, 0 if state is None else state)
        self.asked.add(deterministic)
        self.longest = max(self.longest, int(steps.max()))
        probabilities = self._policy.action_probabilities(observation)
        return sample_actions(probabilities, self._generator.random(len(probabilities))), steps + 1


def test_a_policy_with_memory_is_sampled(reference_policy: ImpalaPolicy) -> None:
    policy = OnlyPredicts(reference_policy)
    frame = evaluate(policy, [1, 3], method="sampled", episodes=20, horizon=30).frame
    assert frame["reach_cheese"].tolist() == [1.0, 1.0]
    assert frame["episodes"].tolist() == [20, 20]
    assert 1 <= policy.longest < 30
    assert policy.asked == {False}
    evaluate(policy, 1, method="sampled", episodes=1, horizon=1, deterministic=True)
    assert policy.asked == {False, True}
    with pytest.raises(ValueError, match='has only predict: measure it with method="sampled"'):
        evaluate(policy, [1])
    with pytest.raises(ValueError, match="cannot steer OnlyPredicts"):
        evaluate(policy, [1], ["-cheese"], method="sampled")


@pytest.mark.parametrize(("chosen", "named"), [([3], r"\(1,\)"), ([3, 15], "15"), ([3.0, 3.0], "float64")])
def test_what_are_no_actions_is_named(chosen: list[float], named: str) -> None:
    class Wrong:
        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            return np.array(chosen), state

    with pytest.raises(ValueError, match=f"Wrong.*{named}"):
        evaluate(Wrong(), 1, method="sampled", episodes=2, horizon=2)


def test_progress(reference_policy: ImpalaPolicy) -> None:
    seen: list[tuple[int, int]] = []
    evaluate(reference_policy, range(9), horizon=2, workers=1, on_progress=lambda *now: seen.append(now))
    assert seen == [(0, 9), (8, 9), (9, 9)]


def test_ctrl_c_without_a_folder_says_that_nothing_is_kept(reference_policy: ImpalaPolicy) -> None:
    def interrupt(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="nothing is kept"):
        evaluate(reference_policy, range(9), horizon=2, chunk=2, workers=1, on_progress=interrupt)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "name either levels or mazes"),
        ({"levels": [1], "mazes": []}, ValueError, "name either levels or mazes"),
        (
            {"levels": [4, 3, 3, 3]},
            ValueError,
            r"level 3 is named 3 times, .*: name each level once",
        ),
        ({"levels": np.array([7, 7])}, ValueError, "level 7 is named 2 times"),
        (
            {"mazes": Maze.from_level(0)},
            TypeError,
            r"a list of Maze objects, got one Maze; write mazes=\[maze\]",
        ),
        ({"mazes": 3}, TypeError, "must be a list of Maze objects, got one int"),
        ({"levels": 1, "edits": Maze.without_cheese}, TypeError, r"must be a list .*; write \[Maze\.without_cheese\]"),
        ({"levels": 1, "horizon": 2.5}, TypeError, "horizon must be a whole number, got 2.5"),
        ({"levels": 1, "horizon": 0.5}, TypeError, "horizon must be a whole number, got 0.5"),
        ({"mazes": [3]}, TypeError, "must be Maze objects, got int"),
        ({"levels": 1, "method": "guess"}, ValueError, 'method must be "exact" or "sampled"'),
        ({"levels": 1, "horizon": 0}, ValueError, "horizon must be ≥ 1, got 0"),
        ({"levels": 1, "episodes": 5}, ValueError, 'episodes are for method="sampled"'),
        ({"levels": 1, "method": "sampled", "episodes": 0}, ValueError, "episodes must be ≥ 1"),
        ({"levels": 1, "seed": -1}, ValueError, "seed must be ≥ 0"),
        ({"levels": 1, "workers": 0}, ValueError, "workers must be ≥ 1, got 0"),
        ({"levels": 1, "workers": 1.5}, TypeError, "workers must be a whole number, got 1.5"),
        ({"levels": 1, "chunk": True}, TypeError, "chunk must be a whole number, got True"),
        ({"levels": {1, 2}}, TypeError, r"levels must be .* got \{1, 2\}: write .*list"),
        ({"levels": "0:5"}, TypeError, r"got '0:5': write range\(0, 5\)"),
        (
            {"levels": 1, "conditions": [("made", lambda p, m: 3)]},
            TypeError,
            "must make a Steering or another Intervention, got int",
        ),
        (
            {"levels": 1, "conditions": {"wrong": Steering({"embedder.block2": torch.zeros(2)})}},
            ValueError,
            r"has shape \(2,\)",
        ),
    ],
)
def test_bad_arguments(reference_policy: ImpalaPolicy, arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        evaluate(reference_policy, **arguments)


def test_no_policy() -> None:
    class NotModule:
        def action_probabilities(self, observations: np.ndarray) -> np.ndarray:
            raise NotImplementedError

    for policy, named in ((3, "got 3"), (NotModule(), r"NotModule has action_probabilities.*torch\.nn\.Module")):
        with pytest.raises(TypeError, match=named):
            evaluate(policy, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"as_policy\(module, preprocess="):
        evaluate(torch.nn.Linear(2, 15), 1)
    with pytest.raises(FileNotFoundError, match="no policy 'smal'"):
        evaluate("smal", 1)


def test_weights_that_are_not_finite() -> None:
    policy = ImpalaPolicy()
    with torch.no_grad():
        policy.embedder.fc.bias[0] = torch.inf
    with pytest.raises(ValueError, match=r"embedder\.fc\.bias holds numbers that are not finite \(1 of 256\)"):
        evaluate(policy, 1)


def test_a_policy_by_name_is_described(small: ImpalaPolicy, tmp_path: Path) -> None:
    named = evaluate("small", [0], horizon=4)
    given = evaluate(small, [0], horizon=np.int64(4), method="sampled", episodes=2)
    assert {"policy": "ImpalaPolicy(width=1)", "policy_name": "small"}.items() <= named.description.items()
    assert named.description["weights"] == given.description["weights"] == fingerprint(small)
    assert "policy_name" not in given.description
    assert ("episodes" in named.description, given.description["episodes"]) == (False, 2)
    given.save(tmp_path)  # the horizon too is a number that JSON knows
    maze = Maze.from_level(0)
    assert np.array_equal(vector_field("small", maze).arrows, vector_field(small, maze).arrows, equal_nan=True)


def test_a_policy_without_a_fingerprint_is_measured_all_the_same() -> None:
    class Halved(UniformPolicy):
        def __init__(self) -> None:
            super().__init__()
            self.kept = object()

    assert "weights" not in evaluate(Halved(), [0], horizon=4).description


def test_mazes_draw_actions_of_their_own(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    """Errors of two mazes must not go together, or their mean would look surer than it is."""
    bare = [Maze.from_text(str(maze).split("\n", 1)[1]) for maze in mazes[2:4]]
    assert [maze.level for maze in bare] == [None, None]
    edited = [mazes[2].without_cheese(), mazes[2].with_mouse(mazes[2].mouse, facing_right=True)]
    keys = draw_keys([mazes[2], mazes[3], *bare, *edited])
    drawn = [episode_uniforms(0, key, "baseline", 2, 8) for key in keys]
    assert len({array.tobytes() for array in drawn}) == len(drawn)
    assert draw_keys([bare[1], mazes[2]]) == [keys[3], keys[0]]  # whatever is measured beside them
    ways: list[dict[str, Any]] = [{"levels": [2, 3]}, {"mazes": mazes[2:4]}]
    frames = [evaluate(reference_policy, **way, method="sampled", horizon=16, episodes=8).frame for way in ways]
    pd.testing.assert_frame_equal(*frames)


@pytest.mark.parametrize("method", ["exact", "sampled"])
def test_a_maze_named_twice_is_refused(mazes: list[Maze], method: Any) -> None:
    for maze in (mazes[0], Maze.from_text(str(mazes[0]).split("\n", 1)[1])):
        with pytest.raises(ValueError, match="mazes 1 and 2 "):
            evaluate(UniformPolicy(), mazes=[mazes[3], maze, maze], method=method, horizon=4)
