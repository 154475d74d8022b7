"""What makes a POSIX semaphore or a block of shared memory, for which Lambda has no place."""

from __future__ import annotations

_LOCKS = ("Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition", "Event", "Barrier")
_QUEUES = ("Queue", "JoinableQueue", "SimpleQueue")
_VALUES = ("Value", "Array")  # with a lock, unless told otherwise

OF_THREADS = frozenset({"multiprocessing.pool.ThreadPool", "multiprocessing.dummy.Pool"})
"""Their workers are threads, and yet they make a `SimpleQueue` of processes."""

NEEDS_SHARED_MEMORY = (
    *(f"multiprocessing.{each}" for each in (*_LOCKS, *_QUEUES, *_VALUES, "Pool")),
    *(f"multiprocessing.synchronize.{each}" for each in _LOCKS),
    *(f"multiprocessing.queues.{each}" for each in _QUEUES),
    "multiprocessing.pool.Pool",
    "multiprocessing.shared_memory.SharedMemory",
    "concurrent.futures.ProcessPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor",
    *sorted(OF_THREADS),
)
"""Canonical paths."""
