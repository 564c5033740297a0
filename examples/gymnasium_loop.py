"""A bare Gymnasium loop: one mouse, steered, in mazes without cheese."""

import gymnasium

from steered_env import EditMaze, Maze, SteeredPolicy, load_policy, top_right_vector

policy = load_policy()
env = EditMaze(gymnasium.make("steered_env/Maze-v0", levels=range(100), until="either"), Maze.without_cheese)

for level in (27, 83, 99):
    observation, info = env.reset(options={"level": level})
    steered = SteeredPolicy(policy, top_right_vector(policy, info["maze"]), seed=0)
    steps, over = 0, False
    while not over and steps < 256:
        action, _ = steered.predict(observation)
        observation, reward, terminated, truncated, info = env.step(action)
        steps, over = steps + 1, terminated or truncated
    print(f"level {level}: top right reached: {info['reached_top_right']} after {steps} steps")
env.close()
