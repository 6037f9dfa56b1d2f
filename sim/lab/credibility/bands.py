"""Published bands: between which values a figure must lie, and who says so.

Bands are wide on purpose. M after a source: measured by us on the public data set named; V: read in the paper or
page named; V2: read in a secondary, vendor or press source, so weak.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """The mean over seeds must lie in [low, high]."""

    low: float
    high: float
    source: str

    def holds(self, value: float) -> bool:
        """Whether `value` lies in the band; a NaN does not."""
        return self.low <= value <= self.high


_ELASTICITY = "Bijmolt et al. 2005, 1,851 estimates, mean -2.62 (V); Complete Journey, quartiles -3.1, -1.7 (M)"
_DEPTH = "Complete Journey, by depth without mailer (M); Dominick's orange juice 1.85 at 21 % (M)"
_SPLIT = "van Heerde, Leeflang & Wittink 2004: about 1/3 each on four data sets (V)"
_DIP = "van Heerde et al. 2000: 4-25 % of the bump (V); orange juice 13.5 % (M); Ta Feng 15 % (M)"
_HENDEL_NEVO = "Hendel & Nevo 2006: sale after a sale 2.0 / 4.7 = 0.43; static 1.3 x long-run (V)"
_PEAK = "State Post Bureau: 3.0 x in 2017 and 2020, 1.45 x in 2025 (V)"
_ALWAYS_ON = "Complete Journey: daily max/median 1.55, weekly 1.30 (M)"
_OLIST = "Olist, Black Friday 2017: late share 2.9 x, delivery time +33 % (M)"
_REPEAT = "CDNOW, UCI Online Retail, Ta Feng cohorts (M)"
_CONTACTS = "Gorgias 6.7 per 100 orders, other vendors 2-7 (V2)"

BANDS: dict[str, Band] = {
    "elasticity_median": Band(-3.8, -1.5, _ELASTICITY),
    "elasticity_p10": Band(-5.5, -0.4, _ELASTICITY),
    "elasticity_p90": Band(-5.5, -0.4, _ELASTICITY),
    "lift_10_20": Band(1.1, 1.9, _DEPTH),
    "lift_20_30": Band(1.4, 2.6, _DEPTH),
    "lift_40_60": Band(2.5, 5.5, _DEPTH),
    "support_multiplier": Band(1.25, 2.0, "Complete Journey: mailer +0.46, display +0.55 log points (M)"),
    "bump_switching": Band(0.15, 0.60, _SPLIT),
    "bump_cross_period": Band(0.15, 0.60, _SPLIT),
    "bump_expansion": Band(0.15, 0.60, _SPLIT),
    "incremental_share": Band(0.30, 0.60, "Ailawadi et al. 2007, CVS: 45 % of the gross lift is incremental (V)"),
    "dip_storable": Band(0.04, 0.35, _DIP),
    "dip_perishable": Band(0.0, 0.12, "Complete Journey: next trip after a deal -2..+4 % in perishables (M); " + _DIP),
    "back_after_8_weeks": Band(0.95, 1.05, "Pauwels et al. 2002, Srinivasan et al. 2004: no permanent effect (V)"),
    "second_promo_ratio": Band(0.3, 0.8, _HENDEL_NEVO),
    "static_over_longrun": Band(1.1, 1.6, _HENDEL_NEVO),
    "unprofitable_promo_share": Band(0.40, 0.70, "Ailawadi et al. 2007, CVS: more than half lose money (V)"),
    "repeat_7": Band(0.015, 0.11, _REPEAT),
    "repeat_30": Band(0.09, 0.36, _REPEAT),
    "repeat_90": Band(0.22, 0.55, _REPEAT),
    "event_acquired_orders_ratio": Band(0.75, 1.05, "prweb 13103930: 20-23 % fewer later purchases (V2); "
                                        "Complete Journey: none fewer (M)"),
    "sku_week_dispersion": Band(1.2, 4.5, "Complete Journey: median 2.2, quartiles 1.4, 4.0 (M)"),
    "ma8_wape": Band(0.38, 0.58, "Complete Journey, ten units a week: 0.48, weeks without promotion 0.46 (M)"),
    "top20_sku_share": Band(0.70, 0.88, "Complete Journey 84 %, UCI Online Retail 79 % of sales (M)"),
    "top20_customer_share": Band(0.45, 0.78, "Complete Journey 54.5 %, UCI Online Retail 75 % of sales (M)"),
    "order_peak_festival": Band(3.0, 15.0, "Olist 6.0 x (M), Ta Feng 3.7 x (M)"),
    "parcel_peak_single_day": Band(2.2, 4.0, _PEAK),
    "parcel_peak_three_weeks": Band(1.3, 2.0, _PEAK),
    "parcel_peak_always_on_daily": Band(1.0, 1.6, _ALWAYS_ON),
    "parcel_peak_always_on_weekly": Band(1.0, 1.35, _ALWAYS_ON),
    "door_hours_normal": Band(52.0, 60.0, "State Post Bureau: 56.4 h in 2023, 54.2 in its third quarter (V)"),
    "late_share_normal": Band(0.06, 0.20, "State Post Bureau: 16-19 % not within 72 h in 2023 (V); Olist 6.9 % (M)"),
    "late_ratio": Band(1.8, 4.5, _OLIST),
    "delivery_time_increase": Band(0.15, 0.60, _OLIST),
    "late_repeat_ratio_first": Band(0.72, 0.93, "Intelipost: 33 / 42 % reorder in 180 days = 0.79 (V); Olist 0.86 (V)"),
    "return_general": Band(0.08, 0.18, "e-commerce 10-15 % (V2); US 16.9 % of sales in 2024 (V)"),
    "return_apparel": Band(0.20, 0.50, "China: 20 % in 2012, up to 40 % in 2013 (V); 30 % (V2)"),
    "return_event_ratio": Band(1.05, 1.5, "NRF: holidays +17 % (V)"),
    "return_lag_median_days": Band(5.0, 12.0, "UCI Online Retail: median 8 days (M)"),
    "return_within_30d": Band(0.75, 0.95, "UCI Online Retail: 81 % (M)"),
    "human_contacts_per_100_orders": Band(2.0, 8.0, _CONTACTS),
    "courier_peak_over_normal": Band(1.0, 2.2, "SCMP: Double 11 doubles a courier's usual load, 2013 and 2016 (V)"),
    "pack_orders_per_hour": Band(12.0, 35.0, "JD 12-25 per labour hour (2018), packing 25-30 (V2)"),
    "contact_hour_peak_over_mean": Band(4.0, 15.0, "level3-ai: 8-14 x at 11.11, South-East Asia, vendor (V2)"),
}  # fmt: skip
"""By figure, in the order in which they are printed."""
