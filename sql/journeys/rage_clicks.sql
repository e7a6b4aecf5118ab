-- journeys.rage_clicks: the same thing on a page clicked again and again within seconds, far more often than is usual for it.
-- Nothing else was clicked in between. Usual is the median length of such runs of that event and topic; a run counts from
-- three clicks and three times the usual, and is its third click's. Strength is the share of the clicks beyond the usual.
-- grain   touch_id
-- reads   journeys.touchpoints
-- params  click_seconds
with clicks as (
    select
        journey_id,
        touch_id,
        occurred_at,
        event,
        coalesce(topic, '') as topic
    from journeys.touchpoints
    where source = 'web' and journey_id is not null
),

beside as (
    select
        *,
        coalesce(
            lag(event) over near = event
            and lag(topic) over near = topic
            and date_diff('microsecond', lag(occurred_at) over near, occurred_at) / 1e6 <= cast($click_seconds as double),
            false
        ) as is_again,
        coalesce(
            lead(event) over near = event
            and lead(topic) over near = topic
            and date_diff('microsecond', occurred_at, lead(occurred_at) over near) / 1e6 <= cast($click_seconds as double),
            false
        ) as is_repeated
    from clicks
    window near as (partition by journey_id order by occurred_at, touch_id)
),

numbered as (
    select
        *,
        sum(case when is_again then 0 else 1 end) over (
            partition by journey_id order by occurred_at, touch_id
            rows between unbounded preceding and current row
        ) as run
    from beside
    where is_again or is_repeated
),

runs as (
    select
        journey_id,
        run,
        event,
        topic,
        cast(count(*) as double) as clicks
    from numbered
    group by journey_id, run, event, topic
),

lengths as (
    select event, topic, clicks from runs
    union all
    select event, topic, cast(1 as double) as clicks from beside
    where not (is_again or is_repeated)
),

usual as (
    select
        event,
        topic,
        median(clicks) as clicks
    from lengths
    group by event, topic
),

rages as (
    select
        r.journey_id,
        r.run,
        1 - u.clicks / nullif(r.clicks, 0) as strength
    from runs as r
    inner join usual as u on r.event = u.event and r.topic = u.topic
    where r.clicks >= 3 and r.clicks >= 3 * u.clicks
)

select
    n.journey_id,
    n.touch_id,
    cast(r.strength as double) as strength
from numbered as n
inner join rages as r on n.journey_id = r.journey_id and n.run = r.run
qualify row_number() over (partition by n.journey_id, n.run order by n.occurred_at, n.touch_id) = 3
