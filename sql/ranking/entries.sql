-- ranking.entries: how the customer came to the journey: the campaign medium of its first web touch.
-- Journeys without a web touch are absent; a touch without a campaign is 'direct'.
-- grain   journey_id
-- reads   ranking.followed, journeys.touchpoints, ingest.events
-- params  none
with followed as (
    select * from ranking.followed
),

touchpoints as (
    select * from journeys.touchpoints
    where source = 'web'
),

events as (
    select * from ingest.events
),

firsts as (
    select
        t.journey_id,
        t.record_id
    from touchpoints as t
    inner join followed as f on t.journey_id = f.journey_id
    qualify row_number() over (partition by t.journey_id order by t.occurred_at, t.touch_id) = 1
)

select
    firsts.journey_id,
    coalesce(e.campaign_medium, 'direct') as entry_medium
from firsts
left join events as e on firsts.record_id = e.message_id
