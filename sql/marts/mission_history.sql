-- marts.mission_history: the missions of each customer over time; until is null for the one that they are on.
-- grain   customer_id, since, mission
-- reads   missions.flow_history
-- params  none
select
    customer_id,
    mission,
    since,
    until,
    journeys
from missions.flow_history
