"""The memory-efficient mode computes the same and keeps less."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from attnviz.models.spec import ModelSpec, build


def trained_step(memory_efficient, attention="se"):
    torch.manual_seed(0)
    options = {"growth": 4, "blocks": [10, 2], "stem": "small", "memory_efficient": memory_efficient}
    model = build(ModelSpec("densenet", attention, 4, options)).double()
    x = torch.randn(3, 3, 16, 16, dtype=torch.float64)
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = torch.nn.functional.cross_entropy(model(x), torch.tensor([0, 1, 2]))
    loss.backward()
    return model, loss.detach(), sum(kept.values())


def test_loss_gradients_and_statistics_are_equal_and_less_is_kept():
    plain, plain_loss, plain_bytes = trained_step(False)
    efficient, loss, kept_bytes = trained_step(True)
    assert torch.equal(loss, plain_loss)
    for (name, p), q in zip(efficient.named_parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-10, atol=1e-12, msg=name)
    # recomputing must not update the running statistics a second time
    for (name, p), q in zip(efficient.named_buffers(), plain.buffers(), strict=True):
        assert torch.equal(p, q), name
    assert kept_bytes < 0.6 * plain_bytes, kept_bytes / plain_bytes


def test_statistics_are_tracked_again_afterwards():
    model, _, _ = trained_step(True)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms and all(m.momentum == 0.1 and m.num_batches_tracked == 1 for m in norms)


@pytest.mark.parametrize("grad", [True, False])
def test_it_is_the_same_network_when_used(grad):
    model, _, _ = trained_step(True)
    plain, _, _ = trained_step(False)
    x = torch.randn(2, 3, 16, 16, dtype=torch.float64)
    with torch.set_grad_enabled(grad):
        assert torch.equal(model.eval()(x), plain.eval()(x))
