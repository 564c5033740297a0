from .claim import Claim
from .claims import all_claims, chosen_claims
from .finding import DoesNotApplyError, Finding, Illustration
from .network_numbers import OverNetworks
from .networks import Networks, named_policies, reproduce_networks
from .run import Reproduction, Step, reproduce
from .verdict import Check, Outcome, Verdict, verdict_of

__all__ = [
    "Check",
    "Claim",
    "DoesNotApplyError",
    "Finding",
    "Illustration",
    "Networks",
    "Outcome",
    "OverNetworks",
    "Reproduction",
    "Step",
    "Verdict",
    "all_claims",
    "chosen_claims",
    "named_policies",
    "reproduce",
    "reproduce_networks",
    "verdict_of",
]
