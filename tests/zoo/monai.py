"""MONAI: planes and volumes."""

from __future__ import annotations

from functools import partial

import torch

from tests.zoo.library import Library


def _build(name, *shape, **options):
    from operator import attrgetter

    from monai.networks import nets

    return attrgetter(name)(nets)(**options), torch.randn(1, *shape)


def _residual_se(spatial_dims, side):
    """A residual unit of ``monai.networks.blocks``, which no network of MONAI uses with its default sigmoid."""
    from monai.networks.blocks.squeeze_and_excitation import SEResNetBottleneck

    block = SEResNetBottleneck(spatial_dims, 16, 4, groups=1, reduction=4)
    return torch.nn.Sequential(block, block), torch.randn(1, 16, *[side] * spatial_dims)


PLANE = {"spatial_dims": 2, "in_channels": 1, "out_channels": 2}
VOLUME = {"spatial_dims": 3, "in_channels": 1, "out_channels": 2}
STEPS = {"channels": (4, 8, 16), "strides": (2, 2)}
VIT = {"hidden_size": 32, "mlp_dim": 64, "num_heads": 4}
ATTENDING = {"channels": (8, 16), "num_res_blocks": 1, "norm_num_groups": 4}

ARCHITECTURES = {
    "attention-unet-2d": partial(_build, "AttentionUnet", 1, 64, 64, **PLANE, **STEPS),
    "attention-unet-3d": partial(_build, "AttentionUnet", 1, 32, 32, 32, **VOLUME, **STEPS),
    "autoencoder-kl": partial(
        _build, "AutoencoderKL", 1, 32, 32, **PLANE, **ATTENDING, attention_levels=(False, True), latent_channels=4
    ),
    "basic-unet": partial(_build, "BasicUNet", 1, 64, 64, **PLANE),
    "basic-unet++": partial(_build, "BasicUNetPlusPlus", 1, 64, 64, **PLANE),
    "densenet121": partial(_build, "DenseNet121", 1, 64, 64, **PLANE),
    "dynunet": partial(
        _build,
        "DynUNet",
        1,
        64,
        64,
        **PLANE,
        kernel_size=[3, 3, 3],
        strides=[1, 2, 2],
        upsample_kernel_size=[2, 2],
        filters=[4, 8, 16],
    ),
    "efficientnet-b0-2d": partial(
        _build,
        "EfficientNetBN",
        1,
        64,
        64,
        model_name="efficientnet-b0",
        **{"spatial_dims": 2, "in_channels": 1, "pretrained": False},
    ),
    "efficientnet-b0-3d": partial(
        _build,
        "EfficientNetBN",
        1,
        48,
        48,
        48,
        model_name="efficientnet-b0",
        **{"spatial_dims": 3, "in_channels": 1, "pretrained": False},
    ),
    "flexible-unet": partial(
        _build, "FlexibleUNet", 3, 64, 64, in_channels=3, out_channels=2, backbone="efficientnet-b0", pretrained=False
    ),
    "highresnet": partial(_build, "HighResNet", 1, 32, 32, **PLANE),
    "hovernet": partial(_build, "HoVerNet", 3, 256, 256),
    "mednext-s": partial(_build, "MedNeXtS", 1, 64, 64, spatial_dims=2, in_channels=1, out_channels=2),
    "mil-attention": partial(
        _build, "MILModel", 3, 3, 64, 64, num_classes=2, mil_mode="att", pretrained=False, backbone="resnet18"
    ),
    "mil-transformer": partial(
        _build, "MILModel", 3, 3, 64, 64, num_classes=2, mil_mode="att_trans", pretrained=False, backbone="resnet18"
    ),
    "quicknat-cse": partial(
        _build, "Quicknat", 1, 64, 64, num_classes=2, num_channels=1, num_filters=8, se_block="CSE"
    ),
    "resnet18-3d": partial(_build, "resnet18", 1, 32, 32, 32, spatial_dims=3, n_input_channels=1, num_classes=2),
    "restormer": partial(
        _build,
        "restormer.Restormer",
        1,
        64,
        64,
        **PLANE,
        dim=8,
        num_blocks=(1, 1, 1, 1),
        heads=(1, 1, 2, 2),
        num_refinement_blocks=1,
    ),
    "se-bottleneck-2d": partial(_residual_se, 2, 24),
    "se-bottleneck-3d": partial(_residual_se, 3, 8),
    "segresnet": partial(_build, "SegResNet", 1, 64, 64, **PLANE),
    "senet154": partial(_build, "SENet154", 1, 64, 64, spatial_dims=2, in_channels=1, num_classes=2),
    "seresnet50-2d": partial(_build, "SEResNet50", 1, 64, 64, spatial_dims=2, in_channels=1, num_classes=2),
    "seresnet50-3d": partial(_build, "SEResNet50", 1, 48, 48, 48, spatial_dims=3, in_channels=1, num_classes=2),
    "seresnext50-2d": partial(_build, "SEResNext50", 1, 64, 64, spatial_dims=2, in_channels=1, num_classes=2),
    "swin-unetr-2d": partial(_build, "SwinUNETR", 1, 64, 64, **PLANE, feature_size=12),
    "swin-unetr-v2-3d": partial(_build, "SwinUNETR", 1, 64, 64, 64, **VOLUME, feature_size=12, use_v2=True),
    "unet": partial(_build, "UNet", 1, 64, 64, **PLANE, **STEPS, num_res_units=1),
    "unetr": partial(_build, "UNETR", 1, 64, 64, **PLANE, img_size=64, feature_size=8, **VIT),
    "vit": partial(
        _build,
        "ViT",
        1,
        64,
        64,
        in_channels=1,
        img_size=64,
        patch_size=16,
        spatial_dims=2,
        num_layers=3,
        classification=True,
        **VIT,
    ),
    "vit-autoencoder": partial(
        _build, "ViTAutoEnc", 1, 64, 64, in_channels=1, img_size=64, patch_size=16, spatial_dims=2, num_layers=3, **VIT
    ),
    "vnet": partial(_build, "VNet", 1, 64, 64, **PLANE),
    "vqvae": partial(
        _build,
        "VQVAE",
        1,
        32,
        32,
        **PLANE,
        channels=(8, 16),
        num_res_channels=(8, 16),
        downsample_parameters=((2, 4, 1, 1), (2, 4, 1, 1)),
        upsample_parameters=((2, 4, 1, 1, 0), (2, 4, 1, 1, 0)),
        num_res_layers=1,
        num_embeddings=16,
        embedding_dim=8,
    ),
}

GATES = {
    # A residual layer ends in ReLU by default (no bound, no gate); all others in a sigmoid.
    "networks.blocks.squeeze_and_excitation.ChannelSELayer": lambda m: (
        ("channel",) if isinstance(m.fc[-1], torch.nn.Sigmoid) else ()
    ),
    "networks.nets.attentionunet.AttentionBlock": ("spatial",),
    "networks.nets.efficientnet.MBConvBlock": lambda m: ("channel",) if m.has_se else (),
    "networks.nets.swin_unetr.WindowAttention": ("pairwise",),
    "networks.blocks.selfattention.SABlock": ("pairwise",),
    "networks.blocks.crossattention.CrossAttentionBlock": ("pairwise",),
    "networks.blocks.cablock.CABlock": ("pairwise",),
    # A softmax over the pictures of a bag, (N, L, 1), times their vectors (N, L, C), summed over L.
    "networks.nets.milmodel.MILModel": lambda m: ("spatial",) if m.mil_mode.startswith("att") else (),
}
NONE = {
    "networks.nets.vit.ViT": "the tanh is the classifier's",
    "networks.blocks.activation.MemoryEfficientSwish": "x times sigmoid(x) is an activation",
    "networks.blocks.activation.Swish": "x times sigmoid(x) is an activation",
}
LIBRARY = Library("monai", GATES, NONE, ARCHITECTURES)
