-- identity.partner_people: one row per person as a partner numbers them; the earliest activity that names them speaks.
-- grain   partner, customer_ref
-- reads   ingest.activities
-- params  none
with
activities as (select * from ingest.activities where customer_ref is not null),
named as (
    select partner, customer_ref, first_name, last_name, postcode
    from activities
    qualify row_number() over (
        partition by partner, customer_ref
        order by case when last_name is null then 1 else 0 end, occurred_at, activity_id
    ) = 1
),
seen as (
    select
        partner,
        customer_ref,
        cast(min(occurred_at) as timestamp) as first_at,
        min(loyalty_id) as loyalty_id
    from activities
    group by partner, customer_ref
)
select
    seen.partner,
    seen.customer_ref,
    seen.first_at,
    seen.loyalty_id,
    named.first_name,
    named.last_name,
    named.postcode
from seen
inner join named on seen.partner = named.partner and seen.customer_ref = named.customer_ref
