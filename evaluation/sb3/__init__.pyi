from .reach_rates import ReachRatesCallback

__all__ = ["ReachRatesCallback"]
