from .claim import Claim
from .claims import all_claims, chosen_claims
from .finding import DoesNotApplyError, Finding, Illustration
from .run import Reproduction, Step, reproduce
from .verdict import Check, Outcome, Verdict, verdict_of

__all__ = [
    "Check",
    "Claim",
    "DoesNotApplyError",
    "Finding",
    "Illustration",
    "Outcome",
    "Reproduction",
    "Step",
    "Verdict",
    "all_claims",
    "chosen_claims",
    "reproduce",
    "verdict_of",
]
