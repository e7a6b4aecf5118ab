"""The made-up company, Fernhollow Gardens: a chain of garden centres with a delivery van and a planting crew.

Everything here is invented. The tables say what its customers set out to do (missions), what can happen on the
way (moments), how often, and what each moment does to the chance that the customer orders again.
"""

from dataclasses import dataclass

BRAND = "Fernhollow Gardens"
CURRENCY = "EUR"
LOOKBACK_DAYS, FOLLOW_UP_DAYS, INACTIVITY_DAYS, HORIZON_DAYS = 21, 14, 30, 120
HISTORY_DAYS = 600
DELIVERER, PLANTERS = "swiftcrate", "spadework"

REGIONS = ("Leinster", "Munster", "Connacht", "Ulster")
COUNTRIES = ("IE", "IE", "IE", "GB")
CITIES = (
    ("Dublin", "Kilkenny", "Drogheda", "Naas"),
    ("Cork", "Limerick", "Ennis", "Tralee"),
    ("Galway", "Sligo", "Castlebar", "Athlone"),
    ("Belfast", "Newry", "Armagh", "Omagh"),
)
GBP_PER_EUR = 0.86

CATEGORIES = ("shrubs_and_trees", "vegetable_starts", "pots_and_planters", "bouquets_and_gifts", "tools_and_soil")
TOPICS = (
    "garden_design",
    "hedges_and_trees",
    "raised_beds",
    "seeds_and_sowing",
    "small_spaces",
    "indoor_plants",
    "gift_ideas",
    "delivery_and_planting",
    "opening_hours",
)


@dataclass(frozen=True)
class Mission:
    """What a journey is for, and how it shows.

    share: of journeys. lead_days, spread: median and log-sd of the days from order to delivery. items, amount:
    medians. plot_m2: median of the size of the plot. categories, topics: weights in the order of CATEGORIES and
    TOPICS. weekend: chance that the order is placed at a weekend. mobile: share of phone visits. retained: logit
    of coming back for an average customer with no moment.
    """

    name: str
    share: float
    lead_days: float
    spread: float
    items: float
    amount: float
    plot_m2: float
    categories: tuple[int, ...]
    topics: tuple[int, ...]
    mobile: float
    retained: float


MISSIONS = (
    Mission("new_garden", 0.29, 17, 0.45, 14, 640, 90, (68, 4, 6, 2, 20), (34, 26, 5, 3, 4, 2, 1, 18, 7), 0.30, -0.75),
    Mission("kitchen_garden", 0.31, 5, 0.50, 22, 95, 25, (5, 70, 5, 2, 18), (5, 4, 32, 34, 5, 3, 2, 6, 9), 0.45, -0.10),
    Mission("balcony", 0.24, 4, 0.50, 7, 120, 6, (5, 10, 70, 6, 9), (5, 2, 6, 7, 38, 24, 4, 6, 8), 0.65, -0.20),
    Mission("gift", 0.16, 2.5, 0.55, 2, 55, 2, (3, 2, 14, 76, 5), (2, 2, 1, 2, 8, 16, 44, 12, 13), 0.60, -0.45),
)


@dataclass(frozen=True)
class SubStep:
    """A sub-step of the journey map and how often a journey of each mission gets there."""

    step: str
    name: str
    reached: tuple[float, float, float, float]


SUB_STEPS = (
    SubStep("imagine", "browse", (0.92, 0.90, 0.90, 0.86)),
    SubStep("visit", "store_visit", (0.85, 0.78, 0.74, 0.62)),
    SubStep("order", "checkout", (0.93, 0.93, 0.95, 0.95)),
    SubStep("order", "confirmation", (0.92, 0.90, 0.90, 0.90)),
    SubStep("receive", "delivery", (0.95, 0.80, 0.82, 0.90)),
    SubStep("receive", "planting", (0.80, 0.42, 0.30, 0.06)),
    SubStep("grow", "first_weeks", (0.90, 0.84, 0.80, 0.55)),
    SubStep("grow", "recovery", (0.0, 0.0, 0.0, 0.0)),  # reached after a dead plant only
    SubStep("remember", "keepsake", (0.88, 0.84, 0.86, 0.84)),
)


@dataclass(frozen=True)
class Moment:
    """One way in which a sub-step can go.

    rate: chance in a journey of each mission that reached the sub-step, for an average customer. loyal: how far
    the observed index of loyalty raises its logit. weather: how far good growing weather does. hidden: how far a
    cause that no export shows does, in a world that has one. effect: what it adds, per mission, to the logit of
    coming back.
    """

    sub_step: str
    name: str
    rate: tuple[float, float, float, float]
    loyal: float
    weather: float
    hidden: float
    effect: tuple[float, float, float, float]


NOTHING = (0.0, 0.0, 0.0, 0.0)
MOMENTS = (
    Moment("browse", "care_guide_read", (0.30, 0.48, 0.40, 0.16), 0.52, 0.1, 0.0, (0.0, 0.75, 0.0, 0.0)),
    Moment("browse", "planner_used", (0.46, 0.26, 0.22, 0.08), 0.45, 0.0, 1.0, (0.65, 0.0, 0.0, 0.0)),
    Moment("browse", "nothing_in_stock", (0.16, 0.20, 0.16, 0.14), -0.3, 0.3, 0.0, NOTHING),
    Moment("store_visit", "gardener_advice", (0.45, 0.42, 0.36, 0.28), 0.45, -0.2, 0.0, (0.35, 0.7, 0.6, 0.0)),
    Moment("store_visit", "till_queue", (0.22, 0.24, 0.22, 0.28), -0.22, 0.6, 0.0, (0.0, 0.0, -0.3, -0.8)),
    Moment("store_visit", "open_day_joined", (0.20, 0.28, 0.18, 0.12), 0.68, 0.4, 1.0, NOTHING),
    Moment("checkout", "card_declined", (0.12, 0.12, 0.14, 0.14), -0.45, 0.0, 0.0, NOTHING),
    Moment("checkout", "member_price_shown", (0.45, 0.50, 0.42, 0.35), 0.75, 0.0, 1.0, NOTHING),
    Moment("confirmation", "day_chosen", (0.52, 0.40, 0.40, 0.55), 0.38, 0.0, 0.0, (0.6, 0.0, 0.0, 0.35)),
    Moment("confirmation", "substitute_offered", (0.16, 0.22, 0.14, 0.20), -0.22, 0.3, 0.0, (0.0, 0.0, 0.0, -0.65)),
    Moment("delivery", "delivery_late", (0.20, 0.18, 0.18, 0.20), -0.3, -0.5, 0.0, (-0.25, -0.35, 0.0, -1.0)),
    Moment("delivery", "carried_to_spot", (0.44, 0.26, 0.34, 0.20), 0.38, 0.0, 1.0, (0.45, 0.0, 0.0, 0.0)),
    Moment("delivery", "order_chased", (0.12, 0.10, 0.10, 0.14), -0.22, 0.0, 1.0, NOTHING),
    Moment("planting", "crew_explained", (0.50, 0.46, 0.44, 0.40), 0.45, 0.0, 0.0, (0.7, 0.45, 0.0, 0.0)),
    Moment("planting", "left_messy", (0.20, 0.16, 0.20, 0.18), -0.22, -0.5, 0.0, (-0.65, -0.3, 0.0, 0.0)),
    Moment("first_weeks", "plant_died", (0.20, 0.26, 0.22, 0.18), -0.22, -0.4, 0.0, (-0.6, -0.8, -0.6, -0.4)),
    Moment("first_weeks", "tip_given", (0.42, 0.46, 0.40, 0.30), 0.6, 0.0, 1.0, NOTHING),
    Moment("recovery", "replaced_same_week", (0.52, 0.52, 0.55, 0.50), 0.3, 0.0, 0.0, (0.8, 0.8, 0.9, 0.7)),
    Moment("keepsake", "season_letter_opened", (0.50, 0.55, 0.50, 0.45), 0.68, 0.0, 1.0, NOTHING),
    Moment("keepsake", "before_after_photo", (0.36, 0.20, 0.30, 0.16), 0.38, 0.2, 0.0, (0.65, 0.0, 0.5, 0.0)),
)
PLANT_CLAIM_RATE = 0.8  # of dead plants, the claims that are handled: the sub-step recovery
CHASED_WHEN_LATE = 2.2  # a late van makes people call: added to the logit of order_chased

SUB_STEP_NAMES = tuple(s.name for s in SUB_STEPS)
MOMENT_NAMES = tuple(m.name for m in MOMENTS)
MISSION_NAMES = tuple(m.name for m in MISSIONS)
SUB_STEP_OF = tuple(SUB_STEP_NAMES.index(m.sub_step) for m in MOMENTS)
