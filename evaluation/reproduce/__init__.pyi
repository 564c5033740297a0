from .claim import Claim, DoesNotApplyError, Finding, Picture, all_claims
from .run import Reproduction, Step, reproduce
from .verdict import Check, Outcome, Verdict, verdict_of

__all__ = [
    "Check",
    "Claim",
    "DoesNotApplyError",
    "Finding",
    "Outcome",
    "Picture",
    "Reproduction",
    "Step",
    "Verdict",
    "all_claims",
    "reproduce",
    "verdict_of",
]
