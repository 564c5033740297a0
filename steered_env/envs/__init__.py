"""The environments; importing this registers ``steered_env/Maze-v0`` with Gymnasium."""

import gymnasium
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

gymnasium.register(
    id="steered_env/Maze-v0",
    entry_point="steered_env.envs:MazeEnv",
    vector_entry_point="steered_env.envs:MazeVectorEnv",
)
