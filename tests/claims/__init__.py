"""Every sentence of the documentation that holds a measured number, with the number put in from the data.

A section gives (page, text) pairs; ``tests/test_claims.py`` looks each up in its page, and fails where a page says a
number that no section gives.
"""

from tests.claims import audit, experiments, foreign, gates, limits, speed, two_classes

SECTIONS = (
    gates.networks,
    gates.types,
    gates.replaced_gates,
    gates.masks,
    experiments.noise,
    experiments.noise_even,
    experiments.mobilenet,
    experiments.positions,
    experiments.pairs,
    foreign.sure,
    foreign.told_apart,
    foreign.said,
    speed.cost,
    speed.speed,
    speed.live,
    speed.programs,
    speed.reading_gates,
    limits.gates_of_networks,
    limits.limits,
    audit.audits,
    audit.every_test,
    audit.masks_on_objects,
    audit.a_mask_on_objects,
    audit.a_mask_on_objects_that_hardly_matters,
    audit.measured,
    audit.scale,
    two_classes.two_classes,
)
