"""What happens around the company that it does not control: growing weather, rival sales, the pound, holidays."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.demo.company import GBP_PER_EUR, REGIONS
from pipeline.demo.recipe import DAY, Floats, Ints, Recipe

EARLIER_DAYS = 30  # the factors begin this long before the history


@dataclass(frozen=True)
class Weather:
    """growing, rival: one row a day from `first_day` (days since 1970), one column a region. pound: EUR a GBP."""

    first_day: int
    growing: Floats
    rival: Floats
    pound: Floats

    def at(self, times: Ints, region: Ints) -> tuple[Floats, Floats]:
        """Growing weather and rival sale on the day of each time, in its region."""
        day = np.clip(times // DAY - self.first_day, 0, len(self.growing) - 1)
        return self.growing[day, region], self.rival[day, region]


def make_weather(recipe: Recipe) -> Weather:
    """Seasonal, day-to-day sticky weather per region; rival sales in bursts of one to two weeks."""
    rng = recipe.rng("weather")
    first = recipe.start // DAY - EARLIER_DAYS
    days = recipe.end // DAY - first
    season = np.sin((np.arange(days) + first - 80) / 365.25 * 2 * np.pi)[:, None]
    shocks = rng.standard_normal((days, len(REGIONS))) * 0.45
    swing = np.zeros_like(shocks)
    for day in range(1, days):
        swing[day] = 0.8 * swing[day - 1] + shocks[day]
    rival = np.zeros_like(shocks)
    for region in range(len(REGIONS)):
        for begin in rng.choice(days, size=max(1, days // 60), replace=False):
            rival[begin : begin + int(rng.integers(6, 15)), region] = 1
    pound = 1 / GBP_PER_EUR + np.cumsum(rng.standard_normal(days)) * 0.0012
    return Weather(int(first), np.round(0.6 * season + swing, 3), rival, np.round(pound, 4))


def factor_rows(weather: Weather, recipe: Recipe) -> pd.DataFrame:
    """context/factors, all nights: date, region, factor, value and `night`, the index of the night."""
    days = np.arange(len(weather.growing)) + weather.first_day
    dates = np.datetime_as_string(days.astype("datetime64[D]"))
    parts = []
    for i, region in enumerate(REGIONS):
        for name, values in (("growing_weather", weather.growing[:, i]), ("rival_sale", weather.rival[:, i])):
            parts.append(pd.DataFrame({"date": dates, "region": region, "factor": name, "value": values}))
    month_day = np.array([d[5:] for d in dates])
    holiday = np.isin(month_day, ("01-01", "03-17", "05-01", "12-25", "12-26")).astype(float)
    for name, values in (("public_holiday", holiday), ("fx_GBP", weather.pound)):
        parts.append(pd.DataFrame({"date": dates, "region": "", "factor": name, "value": values}))
    rows = pd.concat(parts).sort_values("date", kind="stable", ignore_index=True)
    when = rows["date"].to_numpy("datetime64[ms]").astype(np.int64)
    return rows.assign(night=np.searchsorted(recipe.night_times, when, side="right"))
