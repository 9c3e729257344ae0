"""Count to a number."""

from dataclasses import dataclass
from typing import Annotated

from typer import Option


@dataclass(frozen=True, kw_only=True)
class CountOptions:
    to: Annotated[int, Option(help="the last number")] = 3


def run(args: CountOptions) -> None:
    print(*range(1, args.to + 1))
