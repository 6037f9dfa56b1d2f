"""What `peakshift preflight` does: options filled in, results as tables for people and as data."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.errors import UsageError, did_you_mean
from sim.lab.plan import baseline
from sim.lab.preflight.backtest import WARNED, Backtest, backtest, scaled
from sim.lab.preflight.forecast import Preflight, Progress, preflight
from sim.lab.preflight.risks import RISKS
from sim.scenario import Scenario

_FEW = 5
"""How many of the commonest risks the verdict of a back-test is about."""
SKILL_AIM, SLOPE_AIM = 0.2, (0.8, 1.2)
"""Aims of a back-test: Brier skill score above, slope of reliability between."""


@dataclass(frozen=True)
class RiskList:
    """One risk list, to be shown."""

    found: Preflight

    def frame(self) -> pd.DataFrame:
        """One row a risk, the dearest first; see `forecast.Row`."""
        return pd.DataFrame([row.to_dict() for row in self.found.rows])

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        found = self.found
        out: dict[str, Any] = {
            "campaign": found.campaign, "today": found.today.isoformat(), "replications": found.replications,
            "risks": [row.to_dict() for row in found.rows], "act": None,
        }  # fmt: skip
        if found.gain is not None and found.relief is not None:
            gain = {"mean": found.gain.mean, "low": found.gain.low, "high": found.gain.high}
            out["act"] = {
                "risk": found.relief[0], "action": found.action, "probability_before": found.relief[1],
                "probability_after": found.relief[2],
                "gain_yuan": {k: v if math.isfinite(v) else None for k, v in gain.items()},
            }  # fmt: skip
        return out

    def table(self) -> str:
        """For a terminal; risks that no replication saw in one line at the end."""
        found = self.found
        head = f"{'risk':<36}{'probability':>12}{'95 % interval':>16}{'expected loss':>20}{'day':>8}{'act by':>12}"
        lines = [
            f"Risks of {found.campaign} as of {found.today}, {found.replications} futures; losses overlap",
            "",
            head,
        ]
        seen, never = [r for r in found.rows if r.probability > 0], [r for r in found.rows if r.probability == 0]
        for row in seen:
            loss = "unknown" if math.isnan(row.loss_yuan) else f"{row.loss_yuan:,.0f} ± {1.96 * row.loss_error:,.0f}"
            day = f"{row.day:%d %b}" if row.day else "-"
            by = "-" if row.act_by is None else "too late" if row.too_late else f"{row.act_by:%d %b}"
            chance, interval = f"{100 * row.probability:.0f} %", f"{100 * row.low:.0f} - {100 * row.high:.0f} %"
            certain = row.name.startswith("conflicting_rules")
            lines.append(
                f"{row.name:<36}{chance:>12}{'by the rules' if certain else interval:>16}{loss:>20}{day:>8}{by:>12}"
            )
            lines += [f"    {text}" for text in (row.detail, f"action: {row.action}" if row.action else "") if text]
        if never:
            names = ", ".join(row.name for row in never)
            lines += ["", f"in none of them (at most {100 * never[0].high:.0f} %): {names}"]
        return "\n".join([*lines, *self._gain()])

    def _gain(self) -> list[str]:
        found = self.found
        if found.gain is None or found.relief is None:
            return []
        name, before, after = found.relief
        gain = found.gain
        return [
            "",
            f"Acting on {name} ({found.action}): probability {100 * before:.0f} % -> {100 * after:.0f} %,",
            f"profit {gain.mean:+,.0f} yuan to the window's end (95 % {gain.low:+,.0f} to {gain.high:+,.0f}, "
            f"{gain.pairs} pairs)",
        ]


@dataclass(frozen=True)
class Scores:
    """One back-test, to be shown."""

    campaign: str
    days: int
    found: Backtest

    def frame(self) -> pd.DataFrame:
        """One row a risk; see `backtest.Skill`."""
        return pd.DataFrame([{**vars(s), "skill": s.skill} for s in self.found.skills])

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        rows = [{k: _clean(v) for k, v in {**vars(s), "skill": s.skill}.items()} for s in self.found.skills]
        return {
            "campaign": self.campaign, "days": self.days, "events": self.found.events,
            "replications": self.found.replications, "risks": rows, "pooled_slope": _clean(self.found.pooled_slope),
            "reliability": [list(part) for part in self.found.reliability],
        }  # fmt: skip

    def table(self) -> str:
        """For a terminal."""
        found = self.found
        lines = [
            f"{found.events} event-seeds, forecasts {self.days} days before {self.campaign} from {found.replications} "
            "futures each", "",
            f"{'risk':<36}{'threshold':>14}{'base rate':>10}{'Brier':>8}{'clim.':>8}{'skill':>8}{'slope':>8}"
            f"{'warned':>10}{'days ahead':>12}",
        ]  # fmt: skip
        for s in found.skills:
            limit = f"{s.threshold:.3g}{'*' if s.tercile else ' '}"
            lines.append(
                f"{s.name:<36}{limit:>14}{s.base_rate:>10.2f}{s.brier:>8.3f}{s.climatology:>8.3f}{s.skill:>8.2f}"
                f"{s.slope:>8.2f}{f'{s.warned} of {s.happened}':>10}{s.lead_days:>12.1f}"
            )
        lines += ["", "* upper tercile of the true readings: at the table's threshold it was rare or sure",
                  f"warned: came true after a probability of at least {WARNED:g}", "", self._verdict(), "",
                  "forecast -> came true (all risks): " + ", ".join(
                      f"{p:.2f} -> {o:.2f} ({n})" for p, o, n in found.reliability)]  # fmt: skip
        return "\n".join(lines)

    def _verdict(self) -> str:
        few, (low, high) = self.found.skills[:_FEW], SLOPE_AIM
        skilled = sum(s.skill > SKILL_AIM for s in few)
        reliable = "within" if low <= self.found.pooled_slope <= high else "outside"
        return (
            f"{skilled} of the {len(few)} commonest risks have a skill above {SKILL_AIM:g}; slope of reliability, all "
            f"risks together, {self.found.pooled_slope:.2f}, {reliable} {low:g} to {high:g}"
        )


def _clean(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _thresholds(limits: Sequence[str]) -> dict[str, float]:
    """`RISK=VALUE` -> value by risk, or by risk and part."""
    out = {}
    for text in limits:
        name, _, value = text.partition("=")
        risk = name.partition(":")[0]
        if risk not in RISKS:
            near = did_you_mean(risk, RISKS)
            hint = f"; did you mean {near!r}?" if near else ""
            raise UsageError(f"--threshold: must name a risk ({', '.join(RISKS)}), got {name!r}{hint}")
        try:
            out[name] = float(value)
        except ValueError:
            raise UsageError(f"--threshold: {name}: must be a number, got {value!r}") from None
        if not math.isfinite(out[name]):
            raise UsageError(f"--threshold: {name}: must be a finite number, got {value!r}")
    return out


def _pair(scenario: Scenario, schedule: str | None, line_up: str | None) -> tuple[str, str]:
    """What was asked for, or the baseline's."""
    base = baseline(scenario)
    chosen = schedule or base[0], line_up or base[1]
    for option, value, known in (("--schedule", chosen[0], list(scenario.schedules)),
                                 ("--line-up", chosen[1], list(scenario.line_ups))):  # fmt: skip
        if value not in known:
            near = did_you_mean(value, known)
            hint = f"; did you mean {near!r}?" if near else ""
            raise UsageError(f"{option}: must be one of {', '.join(known)}, got {value!r}{hint}")
    return chosen


def _prepared(scenario: Scenario, consumers: int | None, seed: int | None) -> Scenario:
    out = scenario if seed is None else scenario.model_copy(update={"seed": seed})
    out._folder = scenario.folder
    return out if consumers is None else scaled(out, consumers)


def risk_list(
    scenario: Scenario, campaign: str, schedule: str | None = None, line_up: str | None = None, days: int = 10,
    replications: int | None = None, act: str | None = None, limits: Sequence[str] = (), consumers: int | None = None,
    seed: int | None = None, workers: int | None = None, progress: Progress = None,
) -> RiskList:  # fmt: skip
    """The risk list of a campaign. Raises UsageError for names that do not exist and days before the first."""
    chosen, limit = _pair(scenario, schedule, line_up), _thresholds(limits)
    ready = _prepared(scenario, consumers, seed)
    cores = workers or os.cpu_count() or 1
    return RiskList(preflight(ready, campaign, *chosen, days, replications or 40, act, limit, cores, progress))


def back_test(
    scenario: Scenario, campaign: str, events: int, schedule: str | None = None, line_up: str | None = None,
    days: int = 10, replications: int | None = None, limits: Sequence[str] = (), consumers: int | None = None,
    seed: int | None = None, workers: int | None = None, progress: Progress = None,
) -> Scores:  # fmt: skip
    """Scores of the risk lists of `events` seeds."""
    chosen, limit = _pair(scenario, schedule, line_up), _thresholds(limits)
    ready = _prepared(scenario, consumers, seed)
    cores = workers or os.cpu_count() or 1
    return Scores(
        campaign, days, backtest(ready, campaign, *chosen, events, days, replications or 20, limit, cores, progress)
    )
