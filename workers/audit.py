"""Which of the layers that a screen throws out are trained all the same, to see if it was right."""

import hashlib
from dataclasses import dataclass

from workers.screening import CHECKS, REQUIREMENT

# What these throw out is unwanted or known already, whatever its score.
_WITHOUT_AUDIT = frozenset({"duplicate", REQUIREMENT})
#: The checks that an audit can find wrong.
AUDITED_CHECKS = tuple(check for check in CHECKS if check not in _WITHOUT_AUDIT)
_LARGEST = 2**64


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attempt that fell at the check `failed`, with its graph as drawn."""

    digest: str
    failed: str
    graph_json: str
    text: str  # of the canonical form


def is_followed(digest: str, share: float) -> bool:
    """Whether the audit follows the layer: true of `share` of all digests, always of the same ones.

    Those of a smaller share are among those of a larger one.
    """
    number = int.from_bytes(hashlib.sha256(f"audit {digest}".encode()).digest()[:8])
    return number < share * _LARGEST
