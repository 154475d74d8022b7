"""Limits for one downstream: how many calls at once, how often; fixed, or learnt from what it throttles."""

from meantime.limiter.limiter import Limiter, limiters
from meantime.limiter.statistics import LimiterStatistics

__all__ = ["Limiter", "LimiterStatistics", "limiters"]
