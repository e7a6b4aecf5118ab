-- identity.device_owners: every proof of who used a cookie and when, by customer: a login, an order, or an e-mail given.
-- A cookie that unlike people share (the guard stopped it) proves nothing. An e-mail counts where one customer gave it.
-- grain   anonymous_id, occurred_at, customer_id, tie
-- reads   identity.device_ties, identity.device_emails, identity.records, identity.members, identity.keys, identity.blocked_values
-- params  none
with
device_ties as (select * from identity.device_ties),
people as (select record_id, value as crm_id from identity.records where kind = 'crm_id'),
members as (select * from identity.members),
email_keys as (select * from identity.keys where key_kind = 'email'),
blocked as (select key_value as anonymous_id from identity.blocked_values where key_kind = 'device'),
email_events as (select * from identity.device_emails),
email_owners as (
    select email_keys.key_value, min(members.customer_id) as customer_id
    from email_keys
    inner join members on email_keys.record_id = members.record_id
    group by email_keys.key_value
    having count(distinct members.customer_id) = 1
),
refusing as (
    select customer_id, cast(max(case when is_refused then 1 else 0 end) as integer) as refuses
    from members
    group by customer_id
),
owners as (
    select device_ties.anonymous_id, device_ties.occurred_at, members.customer_id, device_ties.tie
    from device_ties
    inner join people on device_ties.crm_id = people.crm_id
    inner join members on people.record_id = members.record_id
    union all
    select email_events.anonymous_id, email_events.occurred_at, email_owners.customer_id, 'email' as tie
    from email_events
    inner join email_owners on email_events.email_key = email_owners.key_value
)
select distinct
    owners.anonymous_id, owners.occurred_at, owners.customer_id, owners.tie,
    refusing.refuses = 1 as is_refused
from owners
inner join refusing on owners.customer_id = refusing.customer_id
left join blocked on owners.anonymous_id = blocked.anonymous_id
where blocked.anonymous_id is null
