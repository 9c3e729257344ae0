"""Published networks of timm and torchvision by name, with their weights, fetched at first use."""

from __future__ import annotations

import contextlib
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
import torch.hub
from torch import nn

from attnviz.backbones.imagenet import OLD_DENSENET_KEY
from attnviz.core.errors import UserError, nearest
from attnviz.core.input_spec import InputSpec
from attnviz.images.foreign_transforms import read_transform
from attnviz.models.network import Network
from attnviz.models.spec import ModelSpec
from attnviz.models.weights import with_versions
from attnviz.models.wrap import numbered

HUB = "hf-hub:"
"""What stands in front of the name of a repository at Hugging Face."""


@dataclass(frozen=True)
class _Published:
    """A network of another library."""

    module: nn.Module
    input: InputSpec
    labels: tuple[str, ...]
    source: Mapping[str, Any]


def load(
    name: str,
    pretrained: bool = True,
    device: str | torch.device = "cpu",
    classes: int | None = None,
    channels: int | None = None,
) -> Network:
    """Load a network of timm or torchvision: ``"timm:seresnet50"``, ``"torchvision:efficientnet_b0"``.

    Args:
        name: What to load. timm names may carry a tag of weights, ``"timm:seresnet50.a1_in1k"``, or name a repository,
            ``"timm:hf-hub:ORG/NAME"``.
        pretrained: Published weights, fetched at first use; ``False`` gives the architecture with random weights.
        device: Where the network shall be.
        classes: Number of classes of an untrained network; ``None`` for as many as it has.
        channels: Of the pictures that an untrained network takes; ``None`` for 3. For others the mean is not known: it
            is 0, the standard deviation 1, until somebody says them.

    Returns:
        The network in eval mode, float32, without gradients, with the size, crop, mean and std of its own
        configuration. Untrained networks have numbered labels.

    Raises:
        UserError: There is no such model, or its weights cannot be fetched or read.
    """
    library, _, rest = name.partition(":")
    if library not in LIBRARIES:
        raise UserError(f"unknown library {library!r} in {name!r}; {nearest(library, LIBRARIES)}")
    if classes is not None and (pretrained or classes < 2):
        raise UserError(
            f"classes ({classes}) is at least 2, and for weights of your own (weights=, --weights) or random ones "
            "(pretrained=False, --untrained)"
        )
    channels = None if channels == 3 else channels
    if channels is not None and pretrained:
        raise UserError(f"the published weights of {name} are for 3 channels: say mean and std for 3, or give weights")
    network = LIBRARIES[library](rest, pretrained, classes, channels)
    spec = ModelSpec(name, "built in", len(network.labels), input=network.input)
    module = network.module.float().eval().requires_grad_(False).to(device)
    return Network(name, module, spec, network.labels, source=MappingProxyType(dict(network.source)))


def with_head(name: str, classes: int, pretrained: bool) -> nn.Module:
    """A published network with a fresh head of ``classes`` logits, for training on.

    Args:
        name: ``timm:NAME`` or ``torchvision:NAME``.
        classes: K, at least 2.
        pretrained: Whether all but the head begins with the published weights.

    Raises:
        UserError: There is no such network, or its weights cannot be fetched.
    """
    fresh = load(name, False, torch.get_default_device(), classes).module  # the meta device where only costs are wanted
    if not pretrained:
        return fresh
    own, theirs = fresh.state_dict(), load(name, True).module.state_dict()
    taken = {key: value for key, value in theirs.items() if key in own and own[key].shape == value.shape}
    fresh.load_state_dict(with_versions(taken, own), strict=False)
    return fresh


def _fetched(name: str, fetch: Callable[[], Any], server: str | None) -> Any:
    """What ``fetch`` returns; a failure becomes a sentence that says what can be done.

    ``server`` is asked first whether it is there; ``None`` where nothing must be fetched.
    """
    try:
        if server is not None:
            _answers(server)
        return fetch()
    except (OSError, RuntimeError) as error:
        reason = str(getattr(error, "reason", error)).strip().splitlines()
        raise UserError(
            f"the weights of {name} could not be fetched ({reason[0] if reason else type(error).__name__}); connect "
            "to the internet once, or ask for the untrained architecture (pretrained=False, --untrained)"
        ) from error


def _answers(url: str) -> None:
    """Ask a server whether it is there; ``OSError`` if not. Libraries try again and again, for up to a minute."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - an address of timm or torchvision
    with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass


def _hub_file(url: str) -> Path:
    """Where torch keeps a file that it has fetched."""
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urllib.parse.urlsplit(url).path).name


def _timm_has(name: str) -> bool:
    import timm
    from huggingface_hub import try_to_load_from_cache

    config = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
    if config is None:
        return False
    if config.hf_hub_id:
        repository = str(config.hf_hub_id).partition("@")[0]
        files = [config.hf_hub_filename] if config.hf_hub_filename else ["model.safetensors", "pytorch_model.bin"]
        return any(isinstance(try_to_load_from_cache(repository, file), str) for file in files)
    return bool(config.url) and _hub_file(str(config.url)).is_file()


def _torchvision_has(name: str) -> bool:
    from torchvision import models

    listed = name in models.list_models(module=models)
    return listed and _hub_file(models.get_model_weights(name).DEFAULT.url).is_file()


AT_HAND: Mapping[str, Callable[[str], bool]] = MappingProxyType({"timm": _timm_has, "torchvision": _torchvision_has})


def at_hand(name: str) -> bool:
    """Whether ``load(name)`` finds its weights on this machine; nothing is loaded to tell."""
    library, colon, rest = name.partition(":")
    return AT_HAND[library](rest) if colon and library in AT_HAND else True


def _from_timm(name: str, pretrained: bool, classes: int | None, channels: int | None) -> _Published:
    """A classification network of timm with timm's own data configuration and labels."""
    import timm
    from timm.data.config import resolve_model_data_config
    from timm.data.imagenet_info import ImageNetInfo, infer_imagenet_subset

    if name.startswith(HUB):
        return _from_hub(name, pretrained, classes, channels)
    if not timm.is_model(name):
        raise UserError(f"timm has no model {name!r}; {nearest(name, timm.list_models())}")
    if pretrained:
        module = _fetched(f"timm:{name}", lambda: timm.create_model(name, pretrained=True), _timm_server(name))
    else:
        module = timm.create_model(name, pretrained=False, **_options(classes, channels))
    data = resolve_model_data_config(module)
    if data["input_size"][0] not in (3, channels):
        raise UserError(f"timm:{name} wants {data['input_size'][0]} input channels; attnviz gives 3")
    given = _given(read_transform(data)[0], channels)
    subset = infer_imagenet_subset(module) if pretrained else None
    labels = numbered(module.num_classes) if subset is None else tuple(ImageNetInfo(subset).label_descriptions())
    config = module.pretrained_cfg
    facts = {"library": f"timm {timm.__version__}", "weights": _tagged(name, config) if pretrained else "random"}
    return _Published(module, given, labels, {**facts, "license": config.get("license") or "see timm"})


def _options(classes: int | None, channels: int | None) -> dict[str, Any]:
    """What timm calls a number of classes and of channels, where they are said."""
    said = {"num_classes": classes, "in_chans": channels}
    return {key: value for key, value in said.items() if value}


def _given(base: InputSpec, channels: int | None) -> InputSpec:
    """The same for other channels than red, green and blue, whose mean is not known."""
    return base if channels is None else replace(base, mean=(0.0,) * channels, std=(1.0,) * channels)


def _from_hub(name: str, pretrained: bool, classes: int | None, channels: int | None) -> _Published:
    """A network of somebody's repository at Hugging Face, as timm's ``push_to_hf_hub`` wrote it."""
    import timm
    from huggingface_hub.constants import ENDPOINT

    if not re.fullmatch(r"hf-hub:[\w.-]+/[\w.-]+(@[\w.-]+)?", name):
        raise UserError(f"a network at Hugging Face is asked for as timm:hf-hub:ORG/NAME, got {name[:100]!r}")
    options = _options(classes, channels)

    def fetch() -> nn.Module:
        try:
            return timm.create_model(name, pretrained=pretrained, **options)
        except (KeyError, ValueError, TypeError) as error:
            raise UserError(f"timm:{name} holds no network of timm: {type(error).__name__}: {error}") from error

    module = _fetched(f"timm:{name}", fetch, str(ENDPOINT))
    config = dict(module.pretrained_cfg)
    given = _given(read_transform(config, module)[0], channels)
    count = int(module.num_classes)
    names = config.get("label_names") or ()
    labels = tuple(map(str, names)) if len(names) == count and pretrained else numbered(count)
    facts = {"library": f"timm {timm.__version__}", "weights": name if pretrained else "random"}
    return _Published(module, given, labels, {**facts, "license": config.get("license") or "see its page"})


def _timm_server(name: str) -> str | None:
    """The address to ask first; ``None`` where nothing is fetched, or timm says by itself that there is nothing."""
    import timm
    from huggingface_hub.constants import ENDPOINT

    config = timm.get_pretrained_cfg(name)
    if config is None or _timm_has(name):
        return None
    address = ENDPOINT if config.hf_hub_id else config.url
    return str(address) if address else None


def _tagged(name: str, config: Mapping[str, Any]) -> str:
    tag = config.get("tag")
    return f"{name.partition('.')[0]}.{tag}" if tag else name


def _from_torchvision(name: str, pretrained: bool, classes: int | None, channels: int | None) -> _Published:
    """A classification network of torchvision with its default weights, transform and labels."""
    import torchvision
    from torchvision import models

    names = models.list_models(module=models)
    if channels is not None:
        raise UserError(
            f"torchvision:{name} takes 3 channels, not {channels}: build yours in a file, --model FILE.py:FACTORY"
        )
    if name not in names:
        raise UserError(f"torchvision has no classification model {name!r}; {nearest(name, names)}")
    weights = models.get_model_weights(name).DEFAULT
    transform, categories = weights.transforms(), weights.meta["categories"]
    # What torchvision's builders set where they are given the weights, which are fetched here.
    extra: dict[str, Any] = {}
    if name in ("googlenet", "inception_v3"):
        extra = {"init_weights": False, "transform_input": pretrained}
    if name.startswith("vit_"):
        extra = {"image_size": weights.meta["min_size"][0]}
    count = classes or len(categories)
    module = models.get_model(name, weights=None, num_classes=count, **extra)
    if pretrained:
        # The files are pickles; torch then reads tensors only, and compares them with the hash in their name.
        def fetch() -> Any:
            return weights.get_state_dict(progress=True, check_hash=True, weights_only=True)

        state = _fetched(f"torchvision:{name}", fetch, None if _torchvision_has(name) else weights.url)
        own = module.state_dict()
        named = {OLD_DENSENET_KEY.sub(r"\1", key): value for key, value in state.items()}
        # old files do not count batches, which torch forgives by their own versions alone
        module.load_state_dict(with_versions({key: v for key, v in named.items() if key in own}, state))
    given, _ = read_transform(transform)
    labels = tuple(categories) if pretrained else numbered(count)
    facts = {"library": f"torchvision {torchvision.__version__}", "weights": str(weights) if pretrained else "random"}
    return _Published(module, given, labels, facts)


LIBRARIES: Mapping[str, Callable[[str, bool, int | None, int | None], _Published]] = MappingProxyType(
    {"timm": _from_timm, "torchvision": _from_torchvision}
)
"""What may stand before the colon in a name."""
