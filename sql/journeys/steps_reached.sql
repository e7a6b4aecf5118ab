-- journeys.steps_reached: the sub-steps that each journey reached, as a list in the map's order.
-- grain   journey_id
-- reads   journeys.sub_steps
-- params  none
select
    journey_id,
    list_transform(
        list_sort(list({ 'position': position, 'sub_step': sub_step })),
        lambda e: e.sub_step
    ) as steps_reached
from journeys.sub_steps
group by journey_id
