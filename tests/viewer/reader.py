"""Arrays of a document, as the view reads them."""

import base64

import numpy as np


def unpack(packed):
    """What ``attnviz.viewer.packing.pack`` packed."""
    values = np.frombuffer(base64.b64decode(packed["data"], validate=True), {"f4": "<f4", "f2": "<f2"}[packed["type"]])
    return values.reshape(packed["shape"]).astype(np.float32)
