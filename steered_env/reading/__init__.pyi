from .attributions import ablation_effects, attribution, rank_agreement
from .maps import maps_figure
from .named_arrays import activations
from .probes import Probe, linear_probe
from .tracking import channels_that_track

__all__ = [
    "Probe",
    "ablation_effects",
    "activations",
    "attribution",
    "channels_that_track",
    "linear_probe",
    "maps_figure",
    "rank_agreement",
]
