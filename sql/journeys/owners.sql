-- journeys.owners: who an identifier belonged to at a time; the spans of one identifier do not overlap.
-- Where two rows claim one instant, the surer one and then the smaller customer_id holds from its start to the next.
-- grain   identifier_kind, identifier_value, valid_from
-- reads   identity.identifiers
-- params  none
with claims as (
    select
        identifier_kind,
        identifier_value,
        customer_id,
        coalesce(valid_from, timestamp '0001-01-01') as valid_from,
        coalesce(valid_to, timestamp '9999-01-01') as valid_to,
        row_number() over (
            partition by identifier_kind, identifier_value, coalesce(valid_from, timestamp '0001-01-01')
            order by match_probability desc, customer_id
        ) as nth
    from identity.identifiers
),

spans as (
    select
        *,
        lead(valid_from) over (partition by identifier_kind, identifier_value order by valid_from) as next_from
    from claims
    where nth = 1
)

select
    identifier_kind,
    identifier_value,
    customer_id,
    valid_from,
    least(valid_to, coalesce(next_from, valid_to)) as valid_to
from spans
