"""What Python has no word for: two instructions of the processor, and arrays that nobody counts.

`prefetch` asks the memory for a row before it is needed: visitors come in the order of the clock, their rows lie by
number. `fma` multiplies and adds with one rounding, in vector code too: half the operations of a polynomial, and the
same bits wherever it runs. `borrowed` arrays are handed from kernel to kernel for nothing.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

import sim.kernels.cache  # noqa: F401  # before the first kernel is compiled


@intrinsic
def _prefetch(typingctx: Any, array: Any, index: Any, offset: Any) -> Any:
    """Starts loading the cache line `offset` bytes into row `index` of an array; waits for nothing, changes nothing.

    A plain load does the same, but fills the processor's window of open instructions until its data come.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        stride = builder.extract_value(view.strides, 0)
        place = builder.add(builder.mul(args[1], stride), args[2])
        start = builder.bitcast(view.data, cgutils.voidptr_t)
        whole, ir = cgutils.int32_t, cgutils.ir  # type: ignore[attr-defined]  # numba's own handle on LLVM
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, whole, whole, whole])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(ask, [builder.gep(start, [place]), whole(0), whole(3), whole(1)])  # read, keep, data
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), codegen


prefetch: Any = _prefetch
"""`prefetch(array, index, offset)` in a kernel."""


@intrinsic
def _fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a x b + c, rounded once."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        ir = cgutils.ir  # type: ignore[attr-defined]  # numba's own handle on LLVM
        kind = ir.FunctionType(ir.FloatType(), [ir.FloatType()] * 3)
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.f32"), args)

    return types.float32(types.float32, types.float32, types.float32), codegen


fma: Any = _fma
"""`fma(a, b, c)` of float32 in a kernel."""


@intrinsic
def _borrowed(typingctx: Any, value: Any) -> Any:
    """The same array, or named tuple of arrays, of which no kernel counts references.

    A call with all the arrays of a market counts 60 references to them at its start and its end, 3 % of a market's day.
    Only for arguments of the outermost kernel, which its caller holds anyway, and never for what a kernel returns.
    """

    def lend(context: Any, builder: Any, kind: Any, given: Any) -> Any:
        if isinstance(kind, types.Array):
            view = context.make_array(kind)(context, builder, given)
            view.meminfo = cgutils.get_null_value(view.meminfo.type)
            view.parent = cgutils.get_null_value(view.parent.type)
            return view._getvalue()
        parts: Any = kind if isinstance(kind, types.BaseTuple) else ()
        for n, part in enumerate(parts):
            own = lend(context, builder, part, builder.extract_value(given, n))
            given = builder.insert_value(given, own, n)
        return given

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return lend(context, builder, signature.args[0], args[0])

    return value(value), codegen


borrowed: Any = _borrowed
"""`borrowed(arrays)` in a kernel."""
