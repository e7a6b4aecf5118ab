-- identity.ledger: what a night changed in who is whom, in order; pipeline/estimators/identity/ledger.py tells the events.
-- grain   night, nth
-- reads   identity.notes, identity.happened, former.identifiers, fresh.identifiers
-- params  night
with
untied as (
    select identifier_kind, identifier_value, customer_id, valid_from, valid_to
    from former.identifiers
    except
    select identifier_kind, identifier_value, customer_id, valid_from, valid_to
    from fresh.identifiers
),
tied as (
    select identifier_kind, identifier_value, customer_id, valid_from, valid_to
    from fresh.identifiers
    except
    select identifier_kind, identifier_value, customer_id, valid_from, valid_to
    from former.identifiers
),
evidence as (
    select identifier_kind, identifier_value, customer_id, valid_from, min(matched_by) as matched_by
    from fresh.identifiers
    group by identifier_kind, identifier_value, customer_id, valid_from
),
entries as (
    select
        0 as place, event, cast(null as varchar) as customer_id, cast(null as varchar) as other_customer_id,
        cast(null as varchar) as identifier_kind, cast(null as varchar) as identifier_value,
        cast(null as timestamp) as valid_from, cast(null as timestamp) as valid_to, evidence
    from identity.notes
    union all
    select
        1 as place, event, customer_id, other_customer_id, cast(null as varchar), cast(null as varchar),
        cast(null as timestamp), cast(null as timestamp), evidence
    from identity.happened
    union all
    select
        2 as place, 'untie' as event, customer_id, cast(null as varchar), identifier_kind, identifier_value,
        valid_from, valid_to, cast(null as varchar)
    from untied
    union all
    select
        3 as place, 'tie' as event, tied.customer_id, cast(null as varchar), tied.identifier_kind, tied.identifier_value,
        tied.valid_from, tied.valid_to, evidence.matched_by
    from tied
    inner join evidence
        on tied.identifier_kind = evidence.identifier_kind and tied.identifier_value = evidence.identifier_value
        and tied.customer_id = evidence.customer_id
        and coalesce(tied.valid_from, timestamp '0001-01-01') = coalesce(evidence.valid_from, timestamp '0001-01-01')
)
select
    cast($night as date) as night,
    cast(row_number() over (
        order by
            place, event, customer_id, other_customer_id, identifier_kind, identifier_value, valid_from, valid_to, evidence
    ) as bigint) as nth,
    event, customer_id, other_customer_id, identifier_kind, identifier_value, valid_from, valid_to, evidence
from entries
