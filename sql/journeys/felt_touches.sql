-- journeys.felt_touches: every touch of a journey that tells a feeling, by words, by what was done, or by both (their mean).
-- feeling: -1 (bad) to 1 (good). A touch without either is not here: unknown stays unknown.
-- grain   touch_id
-- reads   journeys.touchpoints, journeys.acted_feelings
-- params  none
with acted as (
    select
        touch_id,
        max(strength) as acted
    from journeys.acted_feelings
    group by touch_id
)

select
    t.journey_id,
    t.touch_id,
    t.customer_id,
    t.occurred_at,
    t.valence,
    a.acted,
    cast(
        round(
            case
                when a.acted is null then t.valence
                when t.valence is null then -a.acted
                else (t.valence - a.acted) / 2
            end,
            4
        ) as double
    ) as feeling
from journeys.touchpoints as t
left join acted as a on t.touch_id = a.touch_id
where t.journey_id is not null and (t.valence is not null or a.acted is not null)
