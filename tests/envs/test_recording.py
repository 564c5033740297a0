"""The recorders of Gymnasium and Stable-Baselines3, with the real moviepy."""

from __future__ import annotations

from pathlib import Path

import gymnasium
import imageio.v3 as iio
import numpy as np
import pytest
from gymnasium.wrappers import RecordVideo
from gymnasium.wrappers.vector import RecordVideo as RecordVectorVideo
from stable_baselines3.common.vec_env import VecVideoRecorder

from steered_env import EditMaze, Maze, MazeVectorEnv
from steered_env.sb3.vec_env import MazeVecEnv

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources is deprecated")


def only_film(folder: Path) -> np.ndarray:
    (path,) = folder.glob("*.mp4")
    return iio.imread(path, plugin="pyav")


def test_record_video(tmp_path: Path) -> None:
    env = gymnasium.make("steered_env/Maze-v0", levels=3, render_mode="rgb_array")
    env = RecordVideo(EditMaze(env, Maze.without_cheese), str(tmp_path / "films"), episode_trigger=lambda _: True)
    env.reset(seed=0)
    for _ in range(6):
        env.step(7)
    env.close()
    frames = only_film(tmp_path / "films")
    assert frames.shape == (7, 512, 512, 3)
    first = Maze.from_level(3).without_cheese().render().astype(int)
    assert np.abs(frames[0].astype(int) - first).mean() < 6  # compressed


def test_record_vector_video(tmp_path: Path) -> None:
    envs = MazeVectorEnv(2, levels=3, render_mode="rgb_array")
    recorded = RecordVectorVideo(envs, str(tmp_path / "films"), episode_trigger=lambda _: True)
    recorded.reset(seed=0)
    for _ in range(6):
        recorded.step(np.array([7, 7]))
    recorded.close()
    assert len(only_film(tmp_path / "films")) == 7


def test_vec_video_recorder(tmp_path: Path) -> None:
    env = VecVideoRecorder(
        MazeVecEnv(2, levels=3, render_mode="rgb_array"),
        str(tmp_path / "films"),
        record_video_trigger=lambda step: step == 0,
        video_length=5,
    )
    env.reset()
    for _ in range(8):
        env.step(np.array([7, 7]))
    env.close()
    assert only_film(tmp_path / "films").shape[0] == 6
