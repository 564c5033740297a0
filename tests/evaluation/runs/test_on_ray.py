"""Two Ray nodes on this machine's loopback: the same bits, and nothing lost with a node."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from evaluation import Results, RunError, evaluate
from evaluation.runs import on_ray
from evaluation.runs.configuration import versions
from steered_env import ImpalaPolicy

ray = pytest.importorskip("ray")
CONDITIONS = ["baseline", "-cheese"]
HORIZON = 20


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    """A head on an address that Ray leaves alone: 127.0.0.1 it would replace by that of a network."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "node_ip_address": "127.0.0.2", "include_dashboard": False},
    )
    ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def test_the_same_bits_and_a_killed_node_loses_nothing(
    cluster: object, reference_policy: ImpalaPolicy, tmp_path: Path
) -> None:
    plain = evaluate(reference_policy, range(10), CONDITIONS, horizon=HORIZON)
    second = cluster.add_node(num_cpus=1, node_ip_address="127.0.0.3")  # type: ignore[attr-defined]
    seen: list[int] = []

    def kill_the_second_node(done: int, _total: int) -> None:
        seen.append(done)
        if len(seen) == 3:
            cluster.remove_node(second, allow_graceful=False)  # type: ignore[attr-defined]

    results = evaluate(
        reference_policy, range(10), CONDITIONS, horizon=HORIZON, out=tmp_path, chunk=1, ray=cluster.address,  # type: ignore[attr-defined]
        on_progress=kill_the_second_node,
    )  # fmt: skip
    pd.testing.assert_frame_equal(results.frame, plain.frame, check_exact=True)
    assert seen == list(range(11))


def test_trouble_in_a_worker_is_the_same_trouble(
    cluster: object, reference_policy: ImpalaPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = cluster.address  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="no layer 'nope'; near names are"):
        evaluate(reference_policy, 1, ['cheese(layer="nope")'], out=tmp_path / "a", ray=address)
    monkeypatch.setattr(on_ray, "versions", lambda: {**versions(), "torch": "1.0"})
    with pytest.raises(RunError, match=r"has torch .*, this process 1.0: install the same versions"):
        evaluate(reference_policy, 1, out=tmp_path / "b", ray=address)
    assert not Results.load(tmp_path / "b").progress.finished  # type: ignore[union-attr]
