"""A vector of one's own, from two mazes drawn by hand: the same walls, the cheese on the left or on the right."""

from steered_env import Maze, SteeredPolicy, Steering, load_policy

LEFT = Maze.from_text("""
C...#
.###.
.....
##.##
..>..
""")
RIGHT = LEFT.with_open([(14, 14)]).with_cheese((14, 14))

policy = load_policy()
to_the_right = Steering.difference(policy, RIGHT, LEFT)

fork = LEFT.with_mouse((12, 12))
for coefficient in (0, 1, 2):
    steered = SteeredPolicy(policy, coefficient * to_the_right)
    probabilities = steered.action_probabilities(fork.observe())
    print(f"coefficient {coefficient}: P(left) {probabilities[:3].sum():.2f}, P(right) {probabilities[6:9].sum():.2f}")
