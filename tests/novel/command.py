"""A command that counts."""

from attnviz.cli.commands import Command


def _options(parser):
    parser.add_argument("--to", type=int, default=3, help="the last number (default 3)")


def _run(args):
    print(*range(1, args.to + 1))


COMMAND = Command("count to a number", _options, _run)
