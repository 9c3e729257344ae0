"""The package, and inside it the data that lies beside it in a checkout; everything else is in ``pyproject.toml``."""

from setuptools import find_packages, setup

DATA = ("checkpoints", "assets", "results")

setup(
    packages=[*find_packages(include=["attnviz", "attnviz.*"]), *(f"attnviz._data.{name}" for name in DATA)],
    package_dir={f"attnviz._data.{name}": name for name in DATA},
    package_data={
        "attnviz": [
            "py.typed",
            "training/recipes/*.toml",
            "ui/static/*",
            "viewer/*.json",
            "viewer/bundle/*",
            "viewer/src/*.js",
        ],
        **{f"attnviz._data.{name}": ["*", "**/*"] for name in DATA},
    },
)
