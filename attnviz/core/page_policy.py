"""How a page's content security policy names what stands in the page."""

import base64
import hashlib


def hash_of(text: str) -> str:
    """The source expression for a script or a style sheet of exactly this text, with its quotes."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
