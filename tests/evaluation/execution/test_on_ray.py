"""Two Ray nodes on this machine's loopback: the same bits, and nothing lost with a node."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from evaluation import Results, RunError, evaluate
from evaluation.execution import on_ray
from evaluation.execution.configuration import versions
from steered_env import ImpalaPolicy
from tests.forked_program import ForkedProgram

CONDITIONS = ["baseline", "-cheese"]
HORIZON = 20
LEVELS = [6, 20, 47, 52, 56, 58, 3, 7]
"""Of sizes 9 and 5."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with a token."""
    home = tmp_path_factory.mktemp("home")
    (home / ".ray").mkdir()
    (home / ".ray" / "auth_token").write_text("5" * 64)
    return home


class Clients(NamedTuple):
    """Processes with nothing of a token in their environment, which connect once the cluster is there."""

    with_a_file: ForkedProgram
    without_a_token: ForkedProgram


@pytest.fixture(scope="module", autouse=True)
def clients(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """They are forked before this process imports Ray, which reads the mode once, and wait for its address."""
    assert "ray" not in sys.modules, "the tests of this file come first"
    begin = f"""if True:
        import os, sys, time
        from pathlib import Path

        for name in [name for name in os.environ if name.startswith("RAY_AUTH")]:
            del os.environ[name]
        os.environ["HOME"] = os.getcwd()
        while not (address := Path({str(home / "address")!r})).exists():
            time.sleep(0.1)
        address = address.read_text()
    """
    connect = """
        from evaluation.execution.on_ray import connected
        with connected(address):
            print("let in")
    """
    measure = """
        sys.argv[1:] = ["table", "--levels", "1", "-c", "baseline", "--ray", address]
        from evaluation.cli import main
        main()
    """
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    clients = Clients(ForkedProgram(begin + connect, folder=home), ForkedProgram(begin + measure, folder=elsewhere))
    yield clients
    for client in clients:
        if client.running:
            client.send_signal(signal.SIGKILL)


@pytest.fixture(scope="module")
def cluster(home: Path) -> Iterator[object]:
    """A head that asks for a token, on an address that Ray leaves alone.

    127.0.0.1 it would replace by that of a network. This process reads the mode once, when it imports Ray.
    """
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        environment.setenv("RAY_AUTH_MODE", "token")
        environment.setenv("RAY_AUTH_TOKEN_PATH", str(home / ".ray" / "auth_token"))
        cluster_utils = pytest.importorskip("ray.cluster_utils")
        cluster = cluster_utils.Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 1, "node_ip_address": "127.0.0.2", "include_dashboard": False},
        )
        sys.modules["ray"].init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
        (home / "new").write_text(cluster.address)
        (home / "new").rename(home / "address")
        yield cluster
        sys.modules["ray"].shutdown()
        cluster.shutdown()


def test_a_client_that_is_let_in_by_nobody(
    reference_policy: ImpalaPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """As by a cluster that asks for another token: first, since afterwards this process uses a cluster."""
    client = pytest.importorskip("ray.util.client.worker")
    for name in ("INITIAL_TIMEOUT_SEC", "MAX_TIMEOUT_SEC"):
        monkeypatch.setattr(client, name, 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"ray://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(RunError, match=r"lets no Ray client in .* token"):
            evaluate(reference_policy, 1, horizon=2, out=tmp_path, ray=address)
    assert not [warning for warning in recwarn if "Ray Client" in str(warning.message)]


@pytest.mark.parametrize("address", ["", "::", "somewhere", "ray://", "host:port"])
def test_what_is_no_address(address: str, reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="auto, host:port or ray://host:port"):
        evaluate(reference_policy, 1, horizon=2, out=tmp_path, ray=address)


def test_a_token_in_the_home_folder_is_shown(cluster: object, clients: Clients) -> None:
    assert clients.with_a_file.finish() == (0, "")
    assert clients.with_a_file.stdout == "let in\n"


def test_without_a_token_one_line_says_so(cluster: object, clients: Clients) -> None:
    status, stderr = clients.without_a_token.finish()
    assert status == 1
    (line,) = [line for line in stderr.splitlines() if "measuring mazes" not in line]
    assert line.startswith("error: ")
    assert "token" in line
    assert "RAY_AUTH_MODE" in line


def test_the_same_bits_and_a_killed_node_loses_nothing(
    cluster: object, reference_policy: ImpalaPolicy, tmp_path: Path
) -> None:
    plain = evaluate(reference_policy, LEVELS, CONDITIONS, horizon=HORIZON)
    second = cluster.add_node(num_cpus=1, node_ip_address="127.0.0.3")  # type: ignore[attr-defined]
    seen: list[int] = []

    def kill_the_second_node(done: int, _total: int) -> None:
        seen.append(done)
        if len(seen) == 3:
            cluster.remove_node(second, allow_graceful=False)  # type: ignore[attr-defined]

    results = evaluate(
        reference_policy, LEVELS, CONDITIONS, horizon=HORIZON, out=tmp_path, chunk=1, ray=cluster.address,  # type: ignore[attr-defined]
        on_progress=kill_the_second_node,
    )  # fmt: skip
    pd.testing.assert_frame_equal(results.frame, plain.frame, check_exact=True)
    assert seen == list(range(len(LEVELS) + 1))
    without_a_folder = evaluate(reference_policy, LEVELS[:2], CONDITIONS, horizon=HORIZON, ray=cluster.address)  # type: ignore[attr-defined]
    pd.testing.assert_frame_equal(without_a_folder.frame, plain.frame[plain.frame["maze"] < 2], check_exact=True)


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
