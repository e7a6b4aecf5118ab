-- marts.mission_flows: the mission of a customer's next journey, by that of the one before; null: their first journey.
-- share: of all journeys that follow one on from_mission, with its 95 % interval; small groups are left out.
-- grain   from_mission, to_mission
-- reads   missions.flow_steps
-- params  none
select
    from_mission,
    to_mission,
    customers,
    journeys,
    share,
    low,
    high
from missions.flow_steps
