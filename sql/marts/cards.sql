-- marts.cards: what staff should know of each customer on an open journey who agreed to be spoken to.
-- open_requests: what they asked for and did not get to yet, oldest first, in their own words where these were delivered.
-- grain   customer_id
-- reads   actions.cards, actions.open_requests, marts.touchpoints, identity.identifiers, missions.missions
-- params  none
with asked as (
    select
        r.customer_id,
        list_sort(
            list({ 'asked_at': r.occurred_at, 'moment': r.moment, 'channel': r.channel, 'order_id': r.order_id, 'text': t.text })
        ) as open_requests
    from actions.open_requests as r
    inner join marts.touchpoints as t on r.touch_id = t.touch_id
    group by r.customer_id
),

records as (
    select
        customer_id,
        list_sort(list(identifier_value)) as crm_ids
    from identity.identifiers
    where identifier_kind = 'crm_id'
    group by customer_id
)

select
    c.customer_id,
    i.crm_ids,
    c.mission,
    coalesce(m.label, 'All journeys') as mission_label,
    c.journey_id,
    c.order_id,
    c.starts_at,
    c.ends_at,
    c.last_sub_step,
    c.last_reached_at,
    c.open_journeys,
    a.open_requests,
    c.next_moment,
    c.next_sub_step,
    c.next_channel,
    c.next_due_at,
    c.expected_gain,
    c.reason,
    c.other_moments,
    c.prevent,
    c.prevent_sub_step,
    c.expected_loss,
    c.prevent_reason
from actions.cards as c
left join asked as a on c.customer_id = a.customer_id
left join records as i on c.customer_id = i.customer_id
left join missions.missions as m on c.mission = m.mission
