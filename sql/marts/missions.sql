-- marts.missions: one row per mission: what it is called, how large and how stable it is, what sets it apart.
-- grain   mission
-- reads   missions.missions
-- params  none
select
    mission,
    label,
    description,
    share,
    journeys,
    customers,
    stability,
    first_night,
    status,
    signals
from missions.missions
