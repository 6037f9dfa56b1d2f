"""A commented scenario to start from."""

from __future__ import annotations

_TEXT = """\
# {name}: a scenario of your own. Check it with `peakshift validate {name}.yaml`, run it with
# `peakshift compare {name}.yaml`. Every field, its unit and its source: `peakshift schema`.
extends: shipped:double12.yaml     # all that is not written here comes from there
name: {name}
seed: 1                            # root of all random numbers
replications: 5                    # paired seeds; more give narrower intervals

market:
  consumers: 20000                 # people; 100,000 is the shipped size

campaigns:
  double12:
    markdown: 0.12                 # cut of the shelf price for everybody, as a share
    ritual: 0.6                    # strength of the festival feeling, 1 = Double 11
  year_end_good_price:
    markdown: 0.05

# A third calendar: names under `campaigns`, or a rule: the festival's offers spread over four events.
schedules:
  four_events: [double11, {{k_events: 4, of: double12}}]

# A strategy with parameters; yours may be a file: ./mine.py:Cautious
line_ups:
  closed_loop:
    pricing: {{use: personal, floor: 0.12}}
"""


def starter(name: str) -> str:
    """YAML text of a starter scenario that extends the shipped one."""
    return _TEXT.format(name=name)
