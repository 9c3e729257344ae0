"""The size of the gradient (Simonyan et al. 2014, arXiv 1312.6034)."""

import torch

from attnviz.explain.attribution.method import Method


def _run(task):
    x = task.x.requires_grad_()
    (gradient,) = torch.autograd.grad(task.forward(x)[0, task.target], x)
    return gradient[0].abs().sum(0)


METHOD = Method("Size of the gradient", "Simonyan et al. 2014, arXiv 1312.6034", "instant", signed=False, run=_run)
