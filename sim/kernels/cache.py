"""Where compiled kernels are kept. Every kernel imports this first, most of them through `draws`.

numba keeps compiled kernels on disk by the date of one source file and does not know that a kernel also holds what
it inlined from another: an edit there, or an upgrade, would run old code or fail to load. So they are kept in a
folder named after all kernel sources together.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numba

_HERE = Path(__file__).parent
_SOURCES = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_HERE.glob("*.py")))).hexdigest()[:16]

if not os.environ.get("NUMBA_CACHE_DIR"):
    setattr(numba.config, "CACHE_DIR", str(_HERE / "__pycache__" / _SOURCES))  # noqa: B010  # unknown to its types
