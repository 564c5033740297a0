"""The server: who may ask, what it is told, and pages that do as they like."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from websockets import Origin
from websockets.sync.client import connect

from evaluation.play import Session, application
from tests.forked_command import ForkedCommand

OWN = "http://127.0.0.1:8025"
HEADERS = {"host": "127.0.0.1:8025", "origin": OWN}


@pytest.fixture(scope="module")
def client(session: Session) -> Iterator[TestClient]:
    with TestClient(application(session), base_url=OWN) as client:
        yield client


def test_the_page_and_its_policy(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert '<main id="play">' in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "connect-src 'self' ws://127.0.0.1:8025;" in policy
    assert client.get("/play.js").headers["content-type"].startswith("text/javascript")
    for path in ("/../pyproject.toml", "/server.py", "/page/play.js", "/%2e%2e/hosts.py"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example", None),
        ("127.0.0.1:8025", "http://evil.example"),
        ("127.0.0.1:8025", "http://127.0.0.1:9999"),
        ("127.0.0.1:8025", "null"),
        ("evil.example", "http://evil.example"),
        ("192.168.0.7:8025", "http://192.168.0.7:8025"),
        ("127.0.0.1@evil.example", None),
    ],
)
def test_strangers_are_refused(client: TestClient, host: str, origin: str | None) -> None:
    headers = {"host": host} | ({"origin": origin} if origin else {})
    assert client.get("/", headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/socket", headers=headers):
        pass


def test_a_socket_needs_an_origin_and_may_be_reached_by_localhost(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/socket", headers={"host": "127.0.0.1:8025"}):
        pass
    local = {"host": "localhost:8025", "origin": "http://localhost:8025"}
    with client.websocket_connect("/socket", headers=local) as page:
        page.send_json({"kind": "hello", "id": 0})
        assert page.receive_json()["kind"] == "hello"


def test_an_address_of_all_networks_takes_addresses_and_no_names(session: Session) -> None:
    client = TestClient(application(session, "0.0.0.0"))
    for host, status in (("192.168.0.7:1", 200), (socket.gethostname(), 200), ("evil.example", 403)):
        assert client.get("/", headers={"host": host}).status_code == status


def replies(page: Any, kind: str) -> list[dict[str, Any]]:
    """All replies up to the first of a kind."""
    got = []
    while not got or got[-1]["kind"] != kind:
        got.append(page.receive_json())
    return got


def test_malformed_messages_get_an_error_and_the_page_goes_on(client: TestClient) -> None:
    with client.websocket_connect("/socket", headers=HEADERS) as page:
        for text in (
            "",
            "{",
            "[]",
            "nan",
            '{"kind": "hello"}',
            '{"kind": "show", "id": 3}',
            "[" * 20_000,
            '{"id": 1e999}',
        ):
            page.send_text(text)
            reply = page.receive_json()
            assert (reply["kind"], reply["about"]) == ("error", "message"), text
        page.send_bytes(b"\xff\xfe")
        assert page.receive_json()["kind"] == "error"
        page.send_json({"kind": "hello", "id": 5})
        assert page.receive_json()["id"] == 5


def test_a_huge_message_ends_the_connection_and_no_other(client: TestClient) -> None:
    with client.websocket_connect("/socket", headers=HEADERS) as other:
        with client.websocket_connect("/socket", headers=HEADERS) as page:
            page.send_text(" " * 65_537)
            with pytest.raises(WebSocketDisconnect) as ended:
                page.receive_json()
            assert ended.value.code == 1009
        other.send_json({"kind": "hello", "id": 0})
        assert other.receive_json()["kind"] == "hello"


def test_of_many_requests_the_newest_is_answered(client: TestClient, session: Session) -> None:
    scene = session.scene.model_dump(mode="json") | {"condition": "-cheese"}
    with client.websocket_connect("/socket", headers=HEADERS) as page:
        for number in range(1, 31):
            page.send_json(
                {"kind": "show", "id": number, "scene": scene, "sliders": {"cheese": -number / 10}, "have_maze": True}
            )
        got = []
        while not got or got[-1]["id"] < 30 or got[-1]["kind"] == "stale":
            got.append(page.receive_json())
        answered = {reply["id"]: reply["kind"] for reply in got}
        assert answered[30] == "numbers"
        assert sum(kind == "stale" for kind in answered.values()) >= 10
        assert got[-1]["scene"]["condition"] == "-3*cheese"
        page.send_json({"kind": "show", "id": 31, "scene": scene, "have_maze": True})
    # the page is gone while it is answered; the next one is answered all the same
    with client.websocket_connect("/socket", headers=HEADERS) as page:
        page.send_json({"kind": "show", "id": 1, "scene": scene})
        assert [reply["kind"] for reply in replies(page, "numbers")] == ["maze", "numbers"]


def test_an_endless_stream_does_not_keep_another_page_waiting(client: TestClient, session: Session) -> None:
    scene = session.scene.model_dump(mode="json")
    ended = threading.Event()
    with client.websocket_connect("/socket", headers=HEADERS) as flooding:

        def flood() -> None:
            number = 0
            while not ended.is_set():
                number += 1
                flooding.send_text(json.dumps({"kind": "show", "id": number, "scene": scene}) if number % 2 else "{")
                time.sleep(0.001)

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            with client.websocket_connect("/socket", headers=HEADERS) as page:
                for number in range(3):
                    page.send_json({"kind": "show", "id": number, "scene": scene})
                    assert replies(page, "numbers")[-1]["id"] == number
        finally:
            ended.set()
            thread.join()


def test_ctrl_c_ends_the_command(tmp_path: Path) -> None:
    command = ForkedCommand("play", "--no-browser", "--port", "0", folder=tmp_path)
    while "\n" not in command.printed:
        assert command.running
        time.sleep(0.05)
    address = command.printed.partition("http://")[2].partition("/")[0]
    with connect(f"ws://{address}/socket", origin=Origin(f"http://{address}")) as page:
        page.send(json.dumps({"kind": "hello", "id": 0}))
        assert json.loads(page.recv())["kind"] == "hello"
        command.send_signal(signal.SIGINT)
        status, stderr = command.finish()
    assert status == 130
    assert "Traceback" not in stderr
