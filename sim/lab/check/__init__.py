"""The laws on strategies: `peakshift check REF`, in the style of Gymnasium's `env_checker`.

A law is a function of a `Subject` in one of the files of this folder; its name is the law's name, the first sentence
of its docstring what it demands. It raises `Broken` with what must be, what was got and the likely fix, or `Exempt`
where the strategy declares that it does not apply. Found by looking into the files: nothing is registered.

Checking runs the strategy's code. The laws find accidents; they are no security sandbox, and who wants to deceive
them can.
"""

from sim.lab.check.run import Outcome, Report, check, laws

__all__ = ["Outcome", "Report", "check", "laws"]
