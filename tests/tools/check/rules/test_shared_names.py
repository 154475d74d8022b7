"""Whether what calls side by side change is the same for all of them: seen by MT604."""

from __future__ import annotations

import pytest

HEAD = """
from concurrent.futures import ThreadPoolExecutor

from meantime import tasks, threads

def load(key): ...

async def fetch(key): ...

class Sum:
    def __init__(self):
        self.n = 0

    def add(self, key):
        self.n += load(key)MARK

    def show(self, key):
        print(self.n)

"""

OF_ONE = {
    "of a name": """
def main(keys):
    sums = Sum()
    with ThreadPoolExecutor(3) as executor:
        executor.map(sums.add, keys)
""",
    "of what a function is given": """
def main(sums: Sum, keys):
    with ThreadPoolExecutor(3) as executor:
        executor.map(sums.add, keys)
""",
    "in a loop of a known length": """
def main():
    sums = Sum()
    with ThreadPoolExecutor(3) as executor:
        for number in range(3):
            executor.submit(sums.add, number)
""",
    "while there are more": """
def main(event):
    sums = Sum()
    with ThreadPoolExecutor(3) as executor:
        while event.more:
            executor.submit(sums.add, event.key)
""",
    "by a subclass": """
class Mean(Sum):
    def run(self, key):
        self.add(key)

def main(keys):
    mean = Mean()
    threads.map(mean.run, keys)
""",
}
OF_ITS_OWN = {
    "made for each call": """
def main(keys):
    with ThreadPoolExecutor(3) as executor:
        for key in keys:
            executor.submit(Sum().add, key)
""",
    "given to the helper that starts it": """
pool = ThreadPoolExecutor(3)

def start(sums: Sum):
    pool.submit(sums.add, 1)

def main(all_sums):
    for sums in all_sums:
        start(sums)
""",
    "made in the loop": """
def main(keys):
    with ThreadPoolExecutor(3) as executor:
        for key in keys:
            sums = Sum()
            executor.submit(sums.add, key)
""",
    "bound by the loop": """
def main(all_sums):
    with ThreadPoolExecutor(3) as executor:
        for sums in all_sums:
            executor.submit(sums.add, 1)
""",
    "made in the call": """
class Job:
    def run(self, key):
        sums = Sum()
        sums.add(key)

def main(keys):
    job = Job()
    threads.map(job.run, keys)
""",
    "given by a function in between, which may be another": """
def shift(sums, key):
    sums.add(key)

class Job(Sum):
    def run(self, key):
        shift(self, key)

def main(keys):
    job = Job()
    threads.map(job.run, keys)
""",
    "of which another method is called for one object": """
def main():
    sums = Sum()
    executor = ThreadPoolExecutor(4)
    executor.submit(sums.show, 1)
    executor.submit(sums.show, 2)
    executor.submit(Sum().add, 3)
    executor.submit(Sum().add, 4)
""",
    "or the same, which a name for its method does not tell": """
def main(keys):
    add = Sum().add
    threads.map(add, keys)
""",
}


@pytest.mark.parametrize("source", OF_ONE.values(), ids=OF_ONE)
def test_one_object_is_shared(finds, source):
    finds("MT604", HEAD.replace("MARK", "  # finds MT604") + source)


@pytest.mark.parametrize("source", OF_ITS_OWN.values(), ids=OF_ITS_OWN)
def test_an_object_of_its_own_is_not(finds, source):
    finds("MT604", HEAD.replace("MARK", "") + source)


FOUND = {
    "a parameter of the function around": """
def main(state, keys):
    def add(key):
        state.n += load(key)  # finds MT604

    threads.map(add, keys)
""",
    "a module's object, by a method of an object for each": """
state = Sum()

class Adder:
    def add(self, key):
        state.n += load(key)  # finds MT604

def main(keys):
    with ThreadPoolExecutor(3) as executor:
        for key in keys:
            executor.submit(Adder().add, key)
""",
    "a module's object, by a method without parameters": """
state = Sum()

class Adder:
    @staticmethod
    def add():
        state.n += load(1)  # finds MT604

def main(keys):
    with ThreadPoolExecutor(3) as executor:
        for key in keys:
            executor.submit(Adder.add)
""",
}
SILENT = {
    "an entry of what a key gives": """
states = {}

def add(key):
    states[key].n += load(key)

def main(keys):
    threads.map(add, keys)
""",
    "what a function gives": """
def state(): ...

def add(key):
    state().n += load(key)

def main(keys):
    threads.map(add, keys)
""",
    "a slice": """
totals = [0, 0]

def add(key):
    totals[0:1] += [load(key)]

def main(keys):
    threads.map(add, keys)
""",
    "a name of nowhere": """
def add(key):
    elsewhere.n += load(key)

def main(keys):
    threads.map(add, keys)
""",
    "what comes before the old value is read, and not first": """
total = 0

async def add(key):
    global total
    total = 1 + await fetch(key) + total

async def main(keys):
    await tasks.map(add, keys)
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_what_they_have_in_common_is_shared(finds, source):
    finds("MT604", HEAD.replace("MARK", "") + source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_what_may_be_each_ones_own_is_not(finds, source):
    finds("MT604", HEAD.replace("MARK", "") + source)


def test_the_object_that_a_function_of_a_module_is_given_may_be_its_own(finds):
    finds(
        "MT604",
        {
            "counting.py": "def load(n): ...\n\ndef add(state):\n    state.n += load(1)\n",
            "app.py": "import counting\nfrom meantime import threads\n\ndef main(states):\n"
            "    threads.map(counting.add, states)\n",
        },
    )


@pytest.mark.parametrize("name", ["abs", "bool", "float", "int", "len", "max", "min", "round", "str", "sum"])
def test_a_builtin_alone_hardly_lets_another_thread_in(finds, name):
    source = f"""
total = 0

def add(key):
    global total
    total += {name}(key)  # finds MT604 likely

def main(keys):
    threads.map(add, keys)
"""
    finds("MT604", HEAD.replace("MARK", "") + source)
