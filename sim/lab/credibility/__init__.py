"""Is the simulated market credible? Its figures beside published bands: `python -m sim.lab.credibility`.

`bands` says what has been published, `bench` lives through the worlds that are needed, `figures` measure one
number each on them, `table` gathers seeds and prints. A figure outside its band is printed as MISSED; nothing is
tuned here, and no run is chosen by its outcome.
"""
