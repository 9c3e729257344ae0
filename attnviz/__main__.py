"""``python -m attnviz``: the command line."""

from attnviz.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
