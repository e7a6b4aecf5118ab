-- missions.macro_bags: the journeys to learn from and the people to tell of, numbered within a place.
-- grain   place, is_journey, bag
-- reads   missions.macro_people, missions.macro_words, missions.assignments
-- params  none
with bags as (
    select distinct
        w.place,
        true as is_journey,
        w.bag,
        a.mission
    from missions.macro_words as w
    inner join missions.assignments as a on w.bag = a.journey_id
    where w.is_journey
    union all
    select
        place,
        false as is_journey,
        person as bag,
        cast(null as varchar) as mission
    from missions.macro_people
    where place <> 'customers'
)

select
    place,
    is_journey,
    bag,
    mission,
    row_number() over (partition by place, is_journey order by bag) - 1 as bag_position
from bags
