"""Again, with backoff, inside the deadline of the invocation, and within a budget; or hedged, while still waiting."""

from meantime.retry.budget import RetryBudget
from meantime.retry.policy import Retry
from meantime.retry.statistics import RetryStatistics

__all__ = ["Retry", "RetryBudget", "RetryStatistics"]
