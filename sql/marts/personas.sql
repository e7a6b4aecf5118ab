-- marts.personas: who is on each mission, when, how early, what they read, where they touch, what they feel: one row a value.
-- share: of the mission's journeys for which the facet is known; rest_share: of all other missions' journeys; lift: one
-- over the other (half a journey added to each count), with a range that holds together with all others of the night
-- (95 %; evidence counts customers). A number's rows are its quartiles: number and rest_number; their share is that of
-- journeys beyond the same quartile of all, on the side to which the mission leans. Facet size: the mission's part of all journeys of the last 90 days, rest_share of
-- the 90 days before. What fewer than small_group customers show is left out.
-- grain   mission, facet, value
-- reads   missions.personas
-- params  none
select
    mission,
    facet,
    value,
    share,
    rest_share,
    lift,
    low,
    high,
    journeys,
    customers,
    number,
    rest_number
from missions.personas
