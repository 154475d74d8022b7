"""What running side by side costs that a sequential recording does not show: few constants, each with its origin.

`benchmarks/prediction.py --training` measures the cells that they come from.
"""

from __future__ import annotations

from typing import Final

RUNTIME_MS: Final = 0.5
"""CPU time of the runtime client around the handler, half before and half behind it."""

THREADS_COMPUTING: Final = 1.0
"""How much more a call computes on a thread among others: the interpreter's lock goes from hand to hand."""

TASKS_COMPUTING: Final = 1.0
"""How much more a call computes as a task among others; less than 1: the loop looks once for several."""

ERROR: Final = 0.08
"""Standard deviation of what the model does not know, as a part of the duration."""
