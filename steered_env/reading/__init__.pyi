from .attributions import ablation_effects, attribution, rank_agreement
from .maps import maps_figure
from .named_arrays import activations
from .probes import Probe, linear_probe
from .tracking import channels_that_change, channels_that_track, channels_that_track_cheese

__all__ = [
    "Probe",
    "ablation_effects",
    "activations",
    "attribution",
    "channels_that_change",
    "channels_that_track",
    "channels_that_track_cheese",
    "linear_probe",
    "maps_figure",
    "rank_agreement",
]
