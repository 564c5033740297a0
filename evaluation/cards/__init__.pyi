from .card import write_card
from .checkpoint_card import write_checkpoint_card
from .front_matter import write_front_matter
from .held_out_rates import cheese_rate, held_out_mazes
from .packaged_policies import policies_table

__all__ = [
    "cheese_rate",
    "held_out_mazes",
    "policies_table",
    "write_card",
    "write_checkpoint_card",
    "write_front_matter",
]
