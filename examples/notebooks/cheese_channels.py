# %% [markdown]
# # Channels that track the cheese
#
# The network has 32 channels in the layer that the vectors are added to. Do some of them say where the cheese is? And
# does the mouse go where they say?
#
# ## Read
#
# One call gives the activations of many mazes as an array with names.

# %%
# %matplotlib inline
from evaluation import evaluate
from steered_env import Maze, activations, channels_that_track, load_policy, maps_figure, setting, zero_ablation

policy = load_policy()
mazes = Maze.from_levels(range(40))
layer = "embedder.block2.res1.resadd"
read = activations(policy, mazes, layer)[layer]
dict(read.sizes)

# %% [markdown]
# ## Find
#
# A channel tracks the cheese if its map is highest at the cheese. *Hits* is the share of mazes in which its highest
# place lies at most one place from the cheese.

# %%
tracking = channels_that_track(read, [maze.cheese for maze in mazes])
tracking.head(6).round(2)

# %%
best = tracking.index[:4].tolist()
maps_figure(read[27], mazes[27], best)

# %% [markdown]
# ## Check on mazes that were not looked at
#
# The best of 32 channels look better than they are. On other mazes:

# %%
others = Maze.from_levels(range(100, 130))
again = channels_that_track(activations(policy, others, layer)[layer], [maze.cheese for maze in others])
again.loc[best].round(2)

# %% [markdown]
# ## Intervene
#
# Tracking is no proof of use. Set the best channels to zero, and see whether the mouse still finds the cheese; as a
# control, do the same to the channels that track it least.

# %%
small_mazes = [maze for maze in Maze.from_levels(range(200, 260)) if maze.size in (7, 9) and maze.decision_square]
worst = tracking.index[-4:].tolist()
results = evaluate(
    policy,
    mazes=small_mazes,
    conditions=[
        "baseline",
        ("best 4 set to 0", zero_ablation(channels=best)),
        ("worst 4 set to 0", zero_ablation(channels=worst)),
        "-cheese",
    ],
)
results.plot()

# %%
results

# %% [markdown]
# The mouse still finds the cheese without the four: the other channels hold enough. Only at the fork is it less sure,
# `P(to cheese)`. The whole cheese vector takes the cheese away in every maze.
#
# The other way round: make one channel say that there is a cheese in the corner.

# %%
pretended = lambda policy, maze: setting(5.5, maze.corner, channels=best[:1])
evaluate(policy, mazes=small_mazes, conditions=["baseline", ("pretended", pretended)])

# %% [markdown]
# One number in one channel does not draw the mouse away. The post found one that does;
# [what of the post holds](../reproduction.md) says how often here.
#
# [Reading activations](../reading.md) goes on with probes and attribution, [edits](../edits.md) with projections,
# clamps and resampling.
