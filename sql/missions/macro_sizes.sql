-- missions.macro_sizes: how many people there are of each place, and of customers by mission.
-- grain   place, mission
-- reads   missions.macro_people
-- params  none
select
    place,
    mission,
    count(*) as people
from missions.macro_people
group by place, mission
