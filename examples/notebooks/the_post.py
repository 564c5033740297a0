# %% [markdown]
# # The post in one sitting
#
# In 2023 a [post](https://www.lesswrong.com/posts/gRp6FAWcQiCWkouN5/maze-solving-agents-add-a-top-right-vector-make-the-agent-go)
# showed that a maze-solving network can be steered by adding a vector to its activations, and that the vector needs no
# training: it is the difference between two forward passes. This notebook does it again, on a network of our own.
#
# ## One mouse, two goals
#
# A mouse was trained in mazes whose cheese always lay near the top right. Here the two come apart: the way to the
# cheese and the way to the top-right corner part at the *decision square*.

# %%
from evaluation import evaluate, vector_field
from evaluation.views import fields_figure
from steered_env import Maze, SteeredPolicy, cheese_vector, load_policy, top_right_vector

policy, maze = load_policy(), Maze.from_level(52)
maze

# %% [markdown]
# ## The cheese vector
#
# The activations of a layer in the middle of the network, with the cheese minus without it. Subtract it, and the mouse
# at the decision square takes the other way.

# %%
cheese = cheese_vector(policy, maze)
fork = maze.with_mouse(maze.decision_square).observe()
for name, acting in {"unsteered": policy, "cheese subtracted": SteeredPolicy(policy, -cheese)}.items():
    probabilities = acting.action_probabilities(fork)
    print(f"{name}: right, to the cheese {probabilities[6:9].sum():.2f}, up, to the corner {probabilities[5]:.2f}")

# %% [markdown]
# ## In every cell
#
# A vector field shows the same for all cells at once: where would the mouse go from here?

# %%
baseline, steered = vector_field(policy, maze), vector_field(policy, maze, "-cheese")
fields_figure([baseline, steered, steered.difference(baseline)], policy="small")

# %% [markdown]
# ## The top-right vector
#
# The second vector compares the maze with one in which a path leads on from the corner, up and right to the end of the
# world. Adding it draws the mouse to the corner; and the two vectors work together.

# %%
maze.with_top_right_path()

# %%
top_right = top_right_vector(policy, maze)
print("how alike the two vectors are (cosine):", round(top_right.cosine(cheese), 2))
both = vector_field(policy, maze, "top_right - cheese")
fields_figure([baseline, both, both.difference(baseline)], policy="small")

# %% [markdown]
# ## Not one maze but many
#
# How often does the mouse reach each place within 256 steps? The rates are exact, the intervals are over mazes. Noise
# of the same size (`-random`) is the control.

# %%
mazes = [maze for maze in Maze.from_levels(range(100)) if maze.size in (7, 9) and maze.decision_square]
results = evaluate(
    policy, mazes=mazes, conditions=["baseline", "-cheese", "top_right", "top_right - cheese", "-random"]
)
results.plot()

# %%
results

# %% [markdown]
# Subtracting the cheese vector takes the cheese away as a goal; adding the top-right vector makes the corner one; both
# together send the mouse to the corner nearly always. These are few and small mazes:
# [what of the post holds](../reproduction.md) has hundreds, and the claims that do not replicate.
