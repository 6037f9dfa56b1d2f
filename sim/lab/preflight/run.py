"""What `peakshift preflight` does: options filled in, results as tables for people and as data."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import UsageError, did_you_mean
from sim.lab import store
from sim.lab.preflight.actions import ACTIONS, SIZES
from sim.lab.preflight.backtest import WARNED, Backtest, Bin, Skill, backtest
from sim.lab.preflight.forecast import ACT_DAYS, Preflight, Progress, preflight
from sim.lab.preflight.risks import RISKS
from sim.lab.twins import chosen
from sim.scenario import Scenario
from sim.scenario.scaled import scaled

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

    def write(self, folder: Path) -> None:
        """risks.csv."""
        store.write_csv(folder / "risks.csv", self.frame())

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        found = self.found
        out: dict[str, Any] = {
            "campaign": found.campaign, "today": found.today.isoformat(), "replications": found.replications,
            "risks": [row.to_dict() for row in found.rows], "act": None,
        }  # fmt: skip
        acted = found.acted
        if acted is not None and acted.gain is not None:
            gain = {"mean": acted.gain.mean, "low": acted.gain.low, "high": acted.gain.high}
            out["act"] = {
                "risk": acted.risk, "action": acted.action, "size": acted.size, "pairs": acted.gain.pairs,
                "probability_before": acted.before, "probability_after": acted.after,
                "gain_yuan": {k: _clean(v) for k, v in gain.items()},
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
            action = f"{'would have helped' if row.too_late else 'action'}: {row.action}" if row.action else ""
            lines += [f"    {text}" for text in (row.detail, action) if text]
        if never:
            names = ", ".join(row.name for row in never)
            lines += ["", f"in none of them (at most {100 * never[0].high:.0f} %): {names}"]
        return "\n".join([*lines, *self._gain()])

    def _gain(self) -> list[str]:
        acted = self.found.acted
        if acted is None:
            return []
        gain = acted.gain
        if gain is None:
            return ["", "No risk that costs anything can still be acted upon."]
        much = "" if acted.size == 1.0 else f", {acted.size:g} times as much"
        told = (
            "undecided" if not gain.low > 0 and not gain.high < 0 else "it pays" if gain.mean > 0 else "it does not pay"
        )
        return [
            "",
            f"Acting on {acted.risk} ({ACTIONS[acted.action][0]}{much}; the best of sizes "
            f"{', '.join(f'{s:g}' for s in SIZES)} in the first half of the futures). In the other half:",
            f"probability {100 * acted.before:.0f} % -> {100 * acted.after:.0f} %, profit {gain.mean:+,.0f} yuan to "
            f"{ACT_DAYS} days after the window",
            f"(95 % {gain.low:+,.0f} to {gain.high:+,.0f}, {gain.pairs} pairs): {told}",
        ]


@dataclass(frozen=True)
class Scores:
    """One back-test, to be shown."""

    campaign: str
    days: int
    found: Backtest

    def frame(self) -> pd.DataFrame:
        """One row a risk; see `backtest.Skill`."""
        return pd.DataFrame([_row(s) for s in self.found.skills])

    def reliability(self) -> pd.DataFrame:
        """One row a bin of probability; see `backtest.Bin`."""
        columns = ["series", *(field.name for field in fields(Bin))]
        return pd.DataFrame([{"series": "all risks", **vars(b)} for b in self.found.reliability], columns=columns)

    def write(self, folder: Path) -> None:
        """backtest.csv and reliability.csv."""
        store.write_csv(folder / "backtest.csv", self.frame())
        store.write_csv(folder / "reliability.csv", self.reliability())

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        rows = [{k: _clean(v) for k, v in _row(s).items()} for s in self.found.skills]
        return {
            "campaign": self.campaign, "days": self.days, "events": self.found.events,
            "archive": self.found.archive,
            "replications": self.found.replications, "risks": rows, "pooled_slope": _clean(self.found.pooled_slope),
            "reliability": self.reliability().to_dict("records"),
        }  # fmt: skip

    def table(self) -> str:
        """For a terminal."""
        found = self.found
        lines = [
            f"{found.events} event-seeds, forecasts {self.days} days before {self.campaign} from {found.replications} "
            f"futures each; base rates and thresholds from {found.archive} others", "",
            f"{'risk':<34}{'threshold':>12}{'rate':>10}{'Brier':>8}{'clim.':>8}{'skill':>8}{'alike':>8}"
            f"{'slope':>8}{'warned':>11}{'days ahead':>12}",
        ]  # fmt: skip
        for s in found.skills:
            limit = f"{s.threshold:.3g}{'*' if s.tercile else ' '}"
            lines.append(
                f"{s.name:<34}{limit:>12}{s.rate:>10.2f}{s.brier:>8.3f}{s.climatology:>8.3f}{s.skill:>8.2f}"
                f"{s.state_skill:>8.2f}{s.slope:>8.2f}{f'{s.warned} of {s.happened}':>11}{_lead(s.lead_days):>12}"
            )
        lines += ["", "* upper tercile of the others' readings: at the table's threshold it was rare or sure",
                  f"rate: how often it came true in all {found.events + found.archive}; clim.: the others' base rate, "
                  "which skill is against;", "alike: skill against events of the same terms; "
                  f"warned: came true after a probability of at least {WARNED:g}", "", self._verdict(), "",
                  "forecast -> came true (all risks): " + ", ".join(
                      f"{b.predicted:.2f} -> {b.observed:.2f} ({b.count})" for b in found.reliability)]  # fmt: skip
        return "\n".join(lines)

    def _verdict(self) -> str:
        few, (low, high) = self.found.skills[:_FEW], SLOPE_AIM
        skilled = sum(s.skill > SKILL_AIM for s in few)
        reliable = "within" if low <= self.found.pooled_slope <= high else "outside"
        return (
            f"{skilled} of the {len(few)} commonest risks have a skill above {SKILL_AIM:g}; slope of reliability, all "
            f"risks together, {self.found.pooled_slope:.2f}, {reliable} {low:g} to {high:g}"
        )


def _row(skill: Skill) -> dict[str, Any]:
    return {**vars(skill), "skill": skill.skill, "state_skill": skill.state_skill}


def _lead(days: float) -> str:
    return f"{days:.1f}" if math.isfinite(days) else "-"


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
    pair, limit = chosen(scenario, schedule, line_up), _thresholds(limits)
    ready = _prepared(scenario, consumers, seed)
    cores = workers or os.cpu_count() or 1
    return RiskList(preflight(ready, campaign, *pair, days, replications or 40, act, limit, cores, progress))


def back_test(
    scenario: Scenario, campaign: str, events: int, schedule: str | None = None, line_up: str | None = None,
    days: int = 10, replications: int | None = None, limits: Sequence[str] = (), consumers: int | None = None,
    seed: int | None = None, workers: int | None = None, progress: Progress = None, alike: bool = False,
) -> Scores:  # fmt: skip
    """Scores of the risk lists of `events` seeds, of events that differ or are all `alike`."""
    pair, limit = chosen(scenario, schedule, line_up), _thresholds(limits)
    ready = _prepared(scenario, consumers, seed)
    cores = workers or os.cpu_count() or 1
    return Scores(
        campaign, days,
        backtest(ready, campaign, *pair, events, days, replications or 8, limit, cores, progress, alike),
    )  # fmt: skip
