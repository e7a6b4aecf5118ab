-- journeys.repeated_contacts: the same contact once more on one journey within days, where few journeys need it so often.
-- Strength is the share of the contacts that came on top of the first.
-- grain   touch_id
-- reads   journeys.touchpoints
-- params  contact_days, rare_share
with contacts as (
    select
        journey_id,
        touch_id,
        occurred_at,
        source,
        brand,
        event,
        row_number() over past as nth,
        lag(occurred_at) over past as previous_at
    from journeys.touchpoints
    where source in ('crm', 'partner') and channel <> 'order' and journey_id is not null
    window past as (partition by journey_id, source, brand, event order by occurred_at, touch_id)
),

reached as (
    select
        source,
        brand,
        event,
        nth,
        cast(count(*) as double) as journeys
    from contacts
    group by source, brand, event, nth
),

rare as (
    select
        r.source,
        r.brand,
        r.event,
        r.nth
    from reached as r
    inner join reached as f on r.source = f.source and r.brand = f.brand and r.event = f.event and f.nth = 1
    where r.nth > 1 and r.journeys <= cast($rare_share as double) * f.journeys
)

select
    c.journey_id,
    c.touch_id,
    cast(1 - 1 / nullif(cast(c.nth as double), 0) as double) as strength
from contacts as c
inner join rare as r on c.source = r.source and c.brand = r.brand and c.event = r.event and c.nth = r.nth
where c.occurred_at <= c.previous_at + $contact_days * interval '1 day'
