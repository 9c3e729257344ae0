"""The app on a network that answers everywhere and one of six channels: ``python tests/browser/places_app.py FOLDER``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import attnviz  # noqa: E402
from tests.own_models import own_net, place_net  # noqa: E402

if __name__ == "__main__":
    places = attnviz.wrap(
        place_net(),
        size=64,
        mean=0.0,
        std=1.0,
        fit="squash",
        scores="softmax",
        labels=["soil", "<i>wood</i>", "water"],
        name="Places",
    )
    bands = attnviz.wrap(
        own_net(channels=6), size=64, mean=0.5, std=0.5, window=(0, 4000), shown=(5, 0, 0), scores="softmax", name="Bands"
    )
    attnviz.launch([places, bands], data=sys.argv[1], alone=True)
