from __future__ import annotations

import numpy as np
import pytest

from steered_env import ImpalaPolicy
from steered_env.training import move_accuracy


def test_accuracy_counts_correct_moves(reference_policy: ImpalaPolicy) -> None:
    held_out = move_accuracy(reference_policy, cheese_region=5, levels=range(120))
    assert 0.8 < held_out.accuracy < 0.97  # 0.89 by the design's own count
    total = sum(count for _, count in held_out.by_size.values())
    assert total == 120
    mean = sum(share * count for share, count in held_out.by_size.values()) / total
    assert held_out.accuracy == pytest.approx(mean)


def test_a_policy_that_stays_is_never_right() -> None:
    class Stays(ImpalaPolicy):
        def action_probabilities(self, observations: np.ndarray) -> np.ndarray:
            return np.tile(np.eye(15, dtype=np.float32)[4], (len(observations), 1))

    assert move_accuracy(Stays(), cheese_region=5, levels=range(10)).accuracy == 0
