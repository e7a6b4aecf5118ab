-- identity.touched_by: of the touches that were delivered since a night, the share that is a known customer's.
-- A known customer is one whom the CRM knows. A cookie or number that several share counts as known where one of them is.
-- grain   table_name, night, measure
-- reads   delivered.events, delivered.posts, delivered.activities, whole.identifiers
-- params  since, night
with customers as (
    select distinct customer_id
    from whole.identifiers
    where identifier_kind = 'crm_id'
),

known as (
    select distinct
        i.identifier_kind,
        i.identifier_value
    from whole.identifiers as i
    inner join customers as c on i.customer_id = c.customer_id
),

touches as (
    select
        'web/events' as table_name,
        delivered_night as night,
        case when user_id is null then 'anonymous_id' else 'crm_id' end as kind,
        coalesce(user_id, anonymous_id) as value
    from delivered.events
    where delivered_night > cast($since as date) and delivered_night <= cast($night as date)
    union all
    select
        'social/posts' as table_name,
        delivered_night as night,
        'social_handle' as kind,
        author_handle as value
    from delivered.posts
    where delivered_night > cast($since as date) and delivered_night <= cast($night as date)
    union all
    select
        concat('partner/', partner) as table_name,
        delivered_night as night,
        concat('partner:', partner) as kind,
        customer_ref as value
    from delivered.activities
    where delivered_night > cast($since as date) and delivered_night <= cast($night as date)
)

select
    t.table_name,
    cast(t.night as date) as night,
    'known' as measure,
    cast(count(case when k.identifier_value is not null then 1 end) as double) / count(*) as value,
    cast(count(*) as double) as rows_count
from touches as t
left join known as k on t.kind = k.identifier_kind and t.value = k.identifier_value
group by t.table_name, t.night
