-- actions.cards: one card for every customer who is on an open journey and agreed to be spoken to.
-- The journey is that of the moment that matters next, else the one with an order that ends first. The moment to prevent and
-- the requests may be of another open journey of theirs.
-- grain   customer_id
-- reads   actions.open_journeys, actions.next_moments, actions.preventable, actions.open_requests
-- params  none
with firsts as (
    select * from actions.next_moments
    where nth = 1
),

placed as (
    select
        o.*,
        count(*) over (partition by o.customer_id) as journeys,
        row_number() over (
            partition by o.customer_id
            order by f.moment is null, not o.is_ordered, o.ends_at nulls last, o.journey_id
        ) as nth
    from actions.open_journeys as o
    left join firsts as f on o.journey_id = f.journey_id
),

asked as (
    select customer_id, count(*) as requests from actions.open_requests
    group by customer_id
),

others as (
    select customer_id, list_transform(list_sort(list({ 'nth': nth, 'moment': moment })), lambda e: e.moment) as moments
    from actions.next_moments
    where nth > 1
    group by customer_id
)

select
    p.customer_id,
    p.mission,
    p.journey_id,
    p.order_id,
    p.starts_at,
    p.ends_at,
    p.last_sub_step,
    p.last_reached_at,
    cast(p.journeys as bigint) as open_journeys,
    cast(coalesce(a.requests, 0) as bigint) as requests,
    f.moment as next_moment,
    f.sub_step as next_sub_step,
    f.channel as next_channel,
    f.due_at as next_due_at,
    f.expected_gain,
    f.reason,
    coalesce(o.moments, cast([] as varchar[])) as other_moments,
    v.moment as prevent,
    v.sub_step as prevent_sub_step,
    v.expected_loss,
    v.reason as prevent_reason
from placed as p
left join firsts as f on p.journey_id = f.journey_id
left join asked as a on p.customer_id = a.customer_id
left join others as o on p.customer_id = o.customer_id
left join actions.preventable as v on p.customer_id = v.customer_id
where p.nth = 1
