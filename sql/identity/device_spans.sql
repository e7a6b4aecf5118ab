-- identity.device_spans: whose a cookie was, and from when to when; always, where one customer alone used it.
-- Where several took turns, a turn begins with the visit (no gap of half an hour) in which its customer is first proven.
-- grain   anonymous_id, customer_id, valid_from
-- reads   identity.device_owners, ingest.events
-- params  none
with
device_owners as (select * from identity.device_owners),
events as (select * from ingest.events where anonymous_id is not null),
totals as (
    select
        anonymous_id,
        count(distinct customer_id) as customers,
        cast(max(case when is_refused then 1 else 0 end) as integer) as refuses
    from device_owners
    group by anonymous_id
),
single as (
    select device_owners.anonymous_id, device_owners.customer_id, min(device_owners.tie) as tie
    from device_owners
    inner join totals on device_owners.anonymous_id = totals.anonymous_id
    where totals.customers = 1
    group by device_owners.anonymous_id, device_owners.customer_id
),
ordered as (
    select
        device_owners.*,
        lag(device_owners.customer_id) over proofs as customer_before,
        lag(device_owners.occurred_at) over proofs as proven_before
    from device_owners
    inner join totals on device_owners.anonymous_id = totals.anonymous_id
    where totals.customers > 1
    window proofs as (
        partition by device_owners.anonymous_id
        order by device_owners.occurred_at, device_owners.customer_id, device_owners.tie
    )
),
turns as (
    select * from ordered where customer_before is null or customer_before <> customer_id
),
gaps as (
    select
        events.anonymous_id,
        events.occurred_at,
        lag(events.occurred_at) over (
            partition by events.anonymous_id order by events.occurred_at, events.message_id
        ) as occurred_before
    from events
    inner join totals on events.anonymous_id = totals.anonymous_id
    where totals.customers > 1
),
visits as (
    select anonymous_id, occurred_at as visit_at
    from gaps
    where occurred_before is null or occurred_before + interval 30 minute < occurred_at
),
begun as (
    select
        turns.anonymous_id, turns.customer_id, turns.occurred_at, turns.tie, turns.customer_before,
        coalesce(max(visits.visit_at), turns.occurred_at) as begins_at
    from turns
    left join visits
        on turns.anonymous_id = visits.anonymous_id and visits.visit_at <= turns.occurred_at
        and visits.visit_at > turns.proven_before
    group by turns.anonymous_id, turns.customer_id, turns.occurred_at, turns.tie, turns.customer_before
),
spans as (
    select
        anonymous_id,
        customer_id,
        tie,
        case when customer_before is not null then begins_at end as valid_from,
        lead(begins_at) over (
            partition by anonymous_id order by occurred_at, customer_id, tie
        ) as valid_to
    from begun
),
everyone as (
    select
        anonymous_id, customer_id, tie, cast(null as timestamp) as valid_from, cast(null as timestamp) as valid_to
    from single
    union all
    select anonymous_id, customer_id, tie, valid_from, valid_to from spans
)
select everyone.*, totals.refuses = 1 as is_refused
from everyone
inner join totals on everyone.anonymous_id = totals.anonymous_id
