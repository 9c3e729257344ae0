import math

import pytest
import torch
import torch.nn.functional as F

from attnviz.training.augment import augment, cutmix, jitter_colour, mixup, random_crops
from attnviz.training.recipe_fields import AugmentPart


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def ramp(count=4, side=32):
    """(N, 3, S, S): red rises to the right, green downwards."""
    x = torch.linspace(0, 255, side).expand(side, side)
    return torch.stack((x, x.T, torch.zeros_like(x))).to(torch.uint8).expand(count, 3, side, side).contiguous()


def test_a_full_crop_without_flip_is_the_image():
    images = torch.randint(0, 256, (3, 3, 16, 16), dtype=torch.uint8, generator=generator())
    part = AugmentPart(min_area=1, max_area=1, aspect=1, flip=False)
    torch.testing.assert_close(random_crops(images, 16, part, generator()), images.float(), rtol=0, atol=1e-3)


def test_half_size_averages_so_that_nothing_is_aliased():
    images = torch.randint(0, 256, (3, 3, 16, 16), dtype=torch.uint8, generator=generator())
    part = AugmentPart(min_area=1, max_area=1, aspect=1, flip=False)
    expected = torch.nn.functional.avg_pool2d(images.float(), 2)
    torch.testing.assert_close(random_crops(images, 8, part, generator()), expected, rtol=0, atol=1e-3)


def test_flips_mirror_left_and_right_only_and_half_of_them():
    part = AugmentPart(min_area=1, max_area=1, aspect=1)
    crops = random_crops(ramp(400), 32, part, generator())
    rising = crops[:, 0, 0, -1] > crops[:, 0, 0, 0]
    assert 150 < int(rising.sum()) < 250
    assert bool((crops[:, 1, -1, 0] > crops[:, 1, 0, 0]).all())


def test_crops_keep_the_stated_share_of_the_area():
    part = AugmentPart(min_area=0.25, max_area=0.25, aspect=1, flip=False)
    crops = random_crops(ramp(50, 64), 64, part, generator())
    extent = (crops[:, 0].amax((1, 2)) - crops[:, 0].amin((1, 2))) / 255
    assert extent.mean() == pytest.approx(0.5, abs=0.03)


def test_colour_stays_in_range_and_zero_strength_does_nothing():
    crops = ramp().float()
    assert jitter_colour(crops, 0.0, generator()) is crops
    changed = jitter_colour(crops, 0.5, generator())
    assert not torch.equal(changed, crops) and changed.min() >= 0 and changed.max() <= 255


def test_cutmix_mixes_targets_by_the_area_that_is_left():
    images = torch.stack((torch.zeros(3, 20, 20), torch.ones(3, 20, 20)))
    mixed, targets = cutmix(images, torch.eye(2), generator(3))
    assert 0 < mixed[0].mean() < 1
    assert targets[0, 1] == pytest.approx(float(mixed[0].mean()))
    assert targets.sum(1).tolist() == pytest.approx([1, 1])


def test_mixup_blends_images_and_targets_alike():
    images = torch.stack((torch.zeros(3, 4, 4), torch.ones(3, 4, 4)))
    mixed, targets = mixup(images, torch.eye(2), generator(3))
    assert 0 < mixed[0].mean() < 1 and mixed[0].std() == 0
    torch.testing.assert_close(targets[0, 1], mixed[0].mean())
    assert targets.sum(1).tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize(("part", "blended"), [(AugmentPart(mixup=1.0), True), (AugmentPart(cutmix=1.0), False)])
def test_a_recipe_chooses_how_batches_are_mixed(part, blended):
    images = torch.cat((torch.zeros(2, 3, 32, 32), torch.full((2, 3, 32, 32), 200.0))).to(torch.uint8)
    crops, targets = augment(images, torch.eye(2)[[0, 0, 1, 1]], 32, part, generator(1))
    assert not torch.equal(targets, targets.round())
    assert (crops[0].std() < 1) == blended


def test_everything_follows_from_the_generator():
    part = AugmentPart(cutmix=0.5)
    one, two = (augment(ramp(), torch.eye(4), 16, part, generator(5)) for _ in range(2))
    other = augment(ramp(), torch.eye(4), 16, part, generator(6))
    assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1]) and not torch.equal(one[0], other[0])


@pytest.mark.parametrize(("side", "size"), [(24, 24), (24, 16), (24, 8), (8, 24)])
def test_crops_are_bilinear_samples_of_a_grid_averaged_where_they_shrink(side, size):
    images = torch.randint(0, 256, (6, 3, side, side), dtype=torch.uint8, generator=generator())
    part = AugmentPart(min_area=0.3, max_area=0.9)
    crops = random_crops(images, size, part, generator(2))
    chance = generator(2)  # the same draws in the same order, then torch's own sampler
    area = torch.empty(6).uniform_(0.3, 0.9, generator=chance)
    ratio = torch.empty(6).uniform_(-math.log(part.aspect), math.log(part.aspect), generator=chance).exp().sqrt()
    width, height = (area.sqrt() * ratio).clamp(max=1), (area.sqrt() / ratio).clamp(max=1)
    left = (2 * torch.rand(6, generator=chance) - 1) * (1 - width)
    top = (2 * torch.rand(6, generator=chance) - 1) * (1 - height)
    mirrored = torch.rand(6, generator=chance) < 0.5
    assert mirrored.any() and not mirrored.all()
    zero = torch.zeros(6)
    theta = torch.stack((torch.where(mirrored, -width, width), zero, left, zero, height, top), 1).view(6, 2, 3)
    fine = max(1, math.ceil(side * math.sqrt(0.9) / size))
    grid = F.affine_grid(theta, [6, 3, size * fine, size * fine], align_corners=False)
    expected = F.grid_sample(images.float(), grid, padding_mode="reflection", align_corners=False)
    torch.testing.assert_close(crops, F.avg_pool2d(expected, fine), rtol=0, atol=2e-3)
