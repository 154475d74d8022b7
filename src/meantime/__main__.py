"""`python -m meantime`: the tools, where they are installed."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; without the tools installed, say how to install them."""
    try:
        from meantime.tools.cli import cli  # noqa: PLC0415  # only now is it known whether the tools are wanted
    except ModuleNotFoundError as missing:
        if missing.name is not None and missing.name.partition(".")[0] == "meantime":
            raise
        sys.exit(f"meantime: the tools need {missing.name}; in a clone of Meantime: pip install -e '.[tools]'")
    cli()


if __name__ == "__main__":
    main()
