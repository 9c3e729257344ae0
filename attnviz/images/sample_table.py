"""The table of sample photographs: what each shows, and where it comes from."""

from dataclasses import dataclass

IMAGENETTE = "Imagenette"
CIFAR10 = "CIFAR-10"
MNIST = "MNIST"
RENDERED = "rendered"
SCIKIT_IMAGE = "scikit-image"
SCIKIT_LEARN = "scikit-learn"
GRADIO = "gradio"
OWN = "own"


@dataclass(frozen=True)
class Sample:
    """One picture to try.

    Attributes:
        name: Its key, also the stem of a rendered picture's file.
        title: A short English title.
        description: What is to be seen, for people who cannot see it (alt text).
        source: ``"rendered"``, ``"own"``, or the package that carries it: a key of
            ``attnviz.images.samples._LOADERS``.
        expected: The class of ``data`` that it shows, the larger one where it shows two; ``None`` where it shows
            a class of no data set.
        origin: What the source knows it by: a file's stem, a function of ``skimage.data``, a file of a package, or
            the path of somebody's own photograph.
        data: The data set to whose classes ``expected`` belongs.
    """

    name: str
    title: str
    description: str
    source: str
    expected: str | None
    origin: str
    data: str = IMAGENETTE

    def is_known(self, data: str) -> bool:
        """Whether it shows one of the classes of a data set."""
        return self.expected is not None and self.data == data


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "golf-ball",
        "Golf ball (rendered)",
        "A white dimpled golf ball lies in short grass in the sun; blurred lawn and trees behind it.",
        RENDERED,
        "golf ball",
        "golf-ball",
    ),
    Sample(
        "church",
        "Church (rendered)",
        "A white wooden chapel with a tall dark spire and a red door on a meadow, trees and clouds behind it.",
        RENDERED,
        "church",
        "church",
    ),
    Sample(
        "parachute",
        "Parachute (rendered)",
        "A round red, white and yellow parachute with a person hanging under it, in front of clouds.",
        RENDERED,
        "parachute",
        "parachute",
    ),
    Sample(
        "church-and-parachute",
        "Church and parachute (rendered)",
        "A stone chapel with a spire on the left; on the right a small blue, white and red parachute comes down.",
        RENDERED,
        "church",
        "church-and-parachute",
    ),
    Sample(
        "gas-pump",
        "Gas pump (rendered)",
        "An old red petrol pump with a round globe, number windows and a black hose stands on a kerb before a station.",
        RENDERED,
        "gas pump",
        "gas-pump",
    ),
    Sample(
        "garbage-truck",
        "Garbage truck (rendered)",
        "A white and green garbage truck with a ribbed box stands in a sunny street; bins, a hedge and houses behind.",
        RENDERED,
        "garbage truck",
        "garbage-truck",
    ),
    Sample(
        "aeroplane",
        "Aeroplane (rendered)",
        "A white and blue passenger jet climbs to the left, seen from below, in a blue sky with a few clouds.",
        RENDERED,
        "airplane",
        "aeroplane",
        CIFAR10,
    ),
    Sample(
        "ship",
        "Container ship (rendered)",
        "A dark blue ship loaded with coloured containers sails to the right on a calm sea under light clouds.",
        RENDERED,
        "ship",
        "ship",
        CIFAR10,
    ),
    Sample(
        "car",
        "Car (rendered)",
        "A small red car on a country road, seen from its front left; a meadow, trees and hills behind it.",
        RENDERED,
        "automobile",
        "car",
        CIFAR10,
    ),
    Sample(
        "cat",
        "Cat (photograph)",
        "The face of a tabby cat close up, looking past the camera.",
        SCIKIT_IMAGE,
        "cat",
        "chelsea",
        CIFAR10,
    ),
    Sample(
        "digit",
        "Digit (rendered)",
        "A white chalk 4 on a grey slate, turned clockwise by a third of a right angle.",
        RENDERED,
        "4-four",
        "digit",
        MNIST,
    ),
    Sample(
        "coffee",
        "Cup of coffee (photograph)",
        "A cup of espresso on a red saucer with a spoon, on a wooden table.",
        SCIKIT_IMAGE,
        None,
        "coffee",
    ),
    Sample(
        "astronaut",
        "Astronaut (photograph)",
        "A smiling astronaut in an orange suit before a flag and a model of a space shuttle.",
        SCIKIT_IMAGE,
        None,
        "astronaut",
    ),
    Sample(
        "rocket",
        "Rocket (photograph)",
        "A white rocket stands floodlit between lattice towers at dusk.",
        SCIKIT_IMAGE,
        None,
        "rocket",
    ),
    Sample(
        "motorcycle",
        "Motorcycle (photograph)",
        "A red motorcycle stands in a garage with shelves and boxes.",
        SCIKIT_IMAGE,
        None,
        "stereo_motorcycle",
    ),
    Sample(
        "temple",
        "Temple (photograph)",
        "A tall Chinese pavilion with green roofs and red walls stands above trees, a lake behind it.",
        SCIKIT_LEARN,
        None,
        "datasets/images/china.jpg",
    ),
    Sample(
        "dahlia",
        "Dahlia (photograph)",
        "An orange dahlia in full flower before dark leaves.",
        SCIKIT_LEARN,
        None,
        "datasets/images/flower.jpg",
    ),
    Sample(
        "cheetah",
        "Cheetah (photograph)",
        "The face of a cheetah looking straight into the camera.",
        GRADIO,
        None,
        "media_assets/images/cheetah1.jpg",
    ),
    Sample(
        "lion",
        "Lion (photograph)",
        "A lion with a dark mane lies on a rock and looks at the camera, a lioness behind him.",
        GRADIO,
        None,
        "media_assets/images/lion.jpg",
    ),
    Sample(
        "tower",
        "Tower (photograph)",
        "An iron lattice tower, lit in gold, seen from below against a blue evening sky.",
        GRADIO,
        None,
        "media_assets/images/tower.jpg",
    ),
)
"""All samples, in the order in which the app shows them; the first is what it opens with."""
