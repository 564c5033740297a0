"""A vector loop: 16 mice at once, each maze starting again when its episode ends."""

import gymnasium

import steered_env

policy = steered_env.load_policy()
mice = steered_env.SteeredPolicy(policy, seed=0)
envs = gymnasium.make_vec("steered_env/Maze-v0", num_envs=16, levels=range(1000), cheese_region=5, time_limit=128)

observations, infos = envs.reset(seed=0)
episodes = cheese_found = 0
for _ in range(80):
    actions, _ = mice.predict(observations)
    observations, rewards, terminations, truncations, infos = envs.step(actions)
    episodes += int((terminations | truncations).sum())
    cheese_found += int((rewards > 0).sum())
print(f"{cheese_found} of {episodes} episodes ended at the cheese")
envs.close()
