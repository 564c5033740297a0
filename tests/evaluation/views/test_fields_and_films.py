"""Vector fields, figures and films, read back as a viewer would."""

from __future__ import annotations

import base64
import errno
import io
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from matplotlib.quiver import Quiver, QuiverKey

from evaluation import ConditionError, UniformPolicy, evaluate, record_video, vector_field
from evaluation.results import results_figure, save_figure
from evaluation.views import fields_figure
from evaluation.views.film_files import gif, write_film
from evaluation.views.films import film
from evaluation.views.rollouts import Rollout, roll_out
from steered_env import ImpalaPolicy, Maze, SteeredPolicy, VectorError, cheese_vector


def test_field_is_the_net_probability(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    maze = mazes[6]
    field = vector_field(reference_policy, maze)
    assert np.isnan(field.arrows[maze.walls]).all()
    assert np.isnan(field.arrows[maze.cheese]).all()
    assert np.isfinite(field.arrows).all(axis=2).sum() == (~maze.walls).sum() - 1
    cell = maze.path(maze.start, maze.corner)[6]
    p = reference_policy.action_probabilities(maze.with_mouse(cell).observe())
    assert field.arrows[cell] == pytest.approx([p[6:9].sum() - p[0:3].sum(), p[5] - p[3]], abs=1e-5)


def test_field_of_a_condition_and_difference(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    maze = mazes[6]
    baseline, steered = vector_field(reference_policy, maze), vector_field(reference_policy, maze, "-cheese")
    vector = cheese_vector(reference_policy, maze)
    for same in (
        vector_field(reference_policy, maze, -vector),
        vector_field(SteeredPolicy(reference_policy, -vector), maze),
    ):
        assert np.allclose(same.arrows, steered.arrows, atol=1e-6, equal_nan=True)
    without = vector_field(reference_policy, maze.without_cheese())
    assert steered.arrows[maze.start] == pytest.approx(without.arrows[maze.start], abs=2e-5)
    difference = steered.difference(baseline)
    assert np.allclose(difference.arrows, steered.arrows - baseline.arrows, equal_nan=True)
    with pytest.raises(ValueError, match="different mazes"):
        baseline.difference(vector_field(reference_policy, mazes[1]))


def test_distance_of_fields(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    maze = mazes[6]
    field, uniform = vector_field(reference_policy, maze), vector_field(UniformPolicy(), maze)
    assert field.distance(field) == 0
    assert field.distance(uniform) == uniform.distance(field)
    cells = [cell for cell in zip(*np.nonzero(~maze.walls), strict=True) if cell != maze.cheese]
    probabilities = reference_policy.action_probabilities(np.stack([maze.with_mouse(cell).observe() for cell in cells]))
    by_hand = np.mean([np.maximum(p - 1 / 15, 0).sum() for p in probabilities])  # what must move from one to the other
    assert field.distance(uniform) == pytest.approx(by_hand, abs=1e-5)
    removed = vector_field(reference_policy, maze.without_cheese())
    assert field.distance(removed) > vector_field(reference_policy, maze, "-cheese").distance(removed)
    with pytest.raises(ValueError, match="different mazes"):
        field.distance(vector_field(reference_policy, mazes[1]))


def test_figures(reference_policy: ImpalaPolicy, mazes: list[Maze], tmp_path: Path) -> None:
    field = vector_field(reference_policy, mazes[6])
    save_figure(fields_figure([field, field]), tmp_path / "field.png")
    results = evaluate(reference_policy, [0, 1, 2], ["baseline", "top_right"], horizon=20)
    save_figure(results_figure(results), tmp_path / "results.png")
    for name in ("field.png", "results.png"):
        picture = iio.imread(tmp_path / name)
        assert min(picture.shape[:2]) > 300
        assert len(np.unique(picture[:, :, :3].astype(np.int64) @ [1 << 16, 1 << 8, 1])) > 50
    assert sorted(path.name for path in tmp_path.iterdir()) == ["field.png", "results.png"]


def test_fields_side_by_side_have_one_scale_and_a_key(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    baseline, steered = (vector_field(reference_policy, mazes[27], one) for one in ("baseline", "top_right - cheese"))
    difference = steered.difference(baseline)
    longest = np.nanmax(np.linalg.norm(difference.arrows, axis=2))
    assert longest > 1
    panels = fields_figure([baseline, difference]).axes
    scales = [quiver.scale for axes in panels for quiver in axes.collections if isinstance(quiver, Quiver)]
    assert len(set(scales)) == 1
    assert 0.8 < longest / scales[0] <= 1  # the longest arrow just fits into a cell
    keys = [key for axes in panels for key in axes.artists if isinstance(key, QuiverKey)]
    assert [(key.U, key.text.get_text()) for key in keys] == [(1.0, "1.0")] * 2


def test_a_rate_of_fewer_mazes_says_so(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    at_corner = mazes[0].with_cheese(mazes[0].corner)  # nothing is measured of the corner there
    largest = next(maze for maze in mazes if maze.size == 25)
    some = evaluate(
        reference_policy, mazes=[mazes[6], at_corner, largest], conditions=["-cheese", "top_right"], horizon=4
    )
    axes = results_figure(some).axes[-1]
    assert axes.get_title() == "all mazes (n = 3 where no n is given)"
    said = [(text.get_text(), round(text.xy[1])) for text in axes.texts]
    assert sorted(said) == [("n = 1", 1), ("n = 2", 0), ("n = 2", 1)]
    one = evaluate(reference_policy, mazes=[mazes[6]], conditions=["-cheese"], horizon=4)
    all_there = results_figure(one).axes[-1]
    assert (all_there.get_title(), list(all_there.texts)) == ("all mazes (n = 1)", [])


def test_rollout_is_of_the_real_environment(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    rollout = roll_out(SteeredPolicy(reference_policy), mazes[1], "x", steps=60)
    assert rollout.outcome == "cheese"
    assert len(rollout.renderings) == rollout.steps + 1
    assert rollout.renderings[0].shape == rollout.renderings[-1].shape
    assert repr(rollout) == "Rollout(name='x', outcome='cheese')"
    whole = mazes[1].render()
    side = rollout.renderings[0].shape[0]
    assert any(
        np.array_equal(rollout.renderings[0], whole[top : top + side, left : left + side])
        for top in range(512 - side)
        for left in (top, top + 1, top - 1)
        if left >= 0
    )


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_film(reference_policy: ImpalaPolicy, mazes: list[Maze], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new" / f"film{suffix}"
    rollouts = record_video(reference_policy, mazes[3], ["baseline", "-cheese"], path, steps=20, panel=129)
    frames = iio.imread(path, plugin="pyav" if suffix == ".mp4" else "pillow")
    assert frames.shape[3] == 3
    height, width = frames.shape[1:3]
    assert (height % 2, width % 2) == (0, 0)
    assert width > 2 * 129
    assert len(frames) <= max(r.steps for r in rollouts) + 1 + 23
    if suffix == ".mp4":
        assert len(frames) == max(r.steps for r in rollouts) + 1 + 22
    assert not np.array_equal(frames[0], frames[-1])
    assert [path.name for path in path.parent.iterdir()] == [path.name]
    shown = rollouts._repr_html_()
    assert f"level {mazes[3].level}" in shown
    assert "-cheese" in shown
    assert base64.b64encode(path.read_bytes()).decode() in shown


def test_films_repeat(reference_policy: ImpalaPolicy, mazes: list[Maze], tmp_path: Path) -> None:
    steps = [
        [r.steps for r in record_video(reference_policy, mazes[3], ["baseline"], tmp_path / "a.gif", panel=64, seed=s)]
        for s in (0, 0)
    ]
    assert steps[0] == steps[1]


def test_a_gif_keeps_the_cheese() -> None:
    """Its few pixels are the only yellow ones of the film."""
    pictures = [maze.render()[128:384, 128:384] for maze in (Maze.from_level(27), Maze.from_level(27).without_cheese())]
    frames = list(film([Rollout("x", [pictures[1], *[pictures[0]] * 3, pictures[1]], "neither")], 128, 15))
    with io.BytesIO(gif(frames, 15)) as file:
        shown = iio.imread(file, index=1, plugin="pillow")
    yellow = [(f[..., 0] > 200) & (f[..., 1] > 150) & (f[..., 2] < 110) for f in (frames[1], shown)]
    assert yellow[0].sum() > 10
    assert yellow[1].sum() > yellow[0].sum() / 2
    assert np.abs(shown.astype(int) - frames[1]).mean() < 4


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_film_on_a_full_disk(tmp_path: Path, suffix: str, largest_file: Any) -> None:
    frames = list(np.random.default_rng(0).integers(0, 255, (4, 128, 128, 3), np.uint8))
    path = tmp_path / f"film{suffix}"
    with largest_file(1000), pytest.raises(OSError, match=r"film\.") as caught:
        write_film(frames, path, 15)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert not list(tmp_path.iterdir())


def test_bad_films_leave_nothing(reference_policy: ImpalaPolicy, mazes: list[Maze], tmp_path: Path) -> None:
    largest = next(maze for maze in mazes if maze.size == 25)
    for maze, conditions, name, error, message in (
        (mazes[0], ["baseline"], "film.avi", ValueError, r"must end in \.mp4 or \.gif"),
        (mazes[0], ["chese"], "film.mp4", ConditionError, "unknown vector"),
        (largest, ["top_right"], "film.mp4", VectorError, "no path to carve"),
    ):
        with pytest.raises(error, match=message):
            record_video(reference_policy, maze, conditions, tmp_path / name)
    with pytest.raises(ValueError, match="steps must be ≥ 1, got 0"):
        record_video(reference_policy, mazes[0], ["baseline"], tmp_path / "film.mp4", steps=0)
    with pytest.raises(TypeError, match=r"maze must be a Maze, got int; Maze\.from_level\(0\) makes one"):
        record_video(reference_policy, 0, ["baseline"], tmp_path / "film.mp4")  # type: ignore[arg-type]
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is a file"):
        record_video(reference_policy, mazes[0], ["baseline"], tmp_path / "file" / "film.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_pictures_of_a_notebook(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    field = vector_field(small, mazes[6], "-cheese")
    results = evaluate("small", [6, 26], ["baseline", "-cheese"], horizon=4)
    assert iio.imread(field._repr_png_(), extension=".png").shape[0] > 200
    assert (field.policy, vector_field("small", mazes[6]).policy) == (None, "small")
    assert field.difference(field).plot().axes[0].get_title() == "difference to -cheese"
    assert iio.imread(results.plot()._repr_png_(), extension=".png").shape[0] > 100
    shown = results._repr_markdown_()
    assert shown.startswith("policy small, 2 of the levels 6 to 26\n\n| condition |")
    assert "-cheese" in shown
