-- ranking.members: the journeys of customers who held a loyalty id when they ordered.
-- A record counts from the day that it was created; what it was replaced by later counts no less.
-- grain   journey_id
-- reads   ranking.followed, identity.identifiers, ingest.customers_history
-- params  none
with holders as (
    select
        i.customer_id,
        min(c.created_at) as member_from
    from ingest.customers_history as c
    inner join identity.identifiers as i on i.identifier_kind = 'crm_id' and c.crm_id = i.identifier_value
    where c.loyalty_id is not null and trim(c.loyalty_id) <> ''
    group by i.customer_id
)

select
    f.journey_id,
    cast(1 as double) as is_member
from ranking.followed as f
inner join holders as h on f.customer_id = h.customer_id and f.ordered_at >= h.member_from
