-- emotion.texts: every text that somebody wrote, with the rating given with it and the language where it is told.
-- Texts under a record of somebody who refuses analytics are neither read nor learned from (see
-- identity.records for which refusal counts). An activity_id that several
-- partners use is told apart by its partner, as in the touches.
-- grain   source, record_id
-- reads   ingest.interactions, ingest.posts, ingest.activities, ingest.customers, ingest.customers_history, ingest.quarantine
-- params  consent_default
with refused as (
    select
        crm_id,
        social_handle
    from ingest.customers
    where not coalesce(consent_analytics, $consent_default)
    union all
    select
        h.crm_id,
        h.social_handle
    from ingest.customers_history as h
    anti join ingest.customers as c on h.crm_id = c.crm_id
    where not coalesce(h.consent_analytics, $consent_default)
    union all
    select
        q.record_id as crm_id,
        c.social_handle
    from ingest.quarantine as q
    left join ingest.customers as c on q.record_id = c.crm_id
    where q.is_refusal and coalesce(c.delivered_night <= q.night, true)
),

activities as (
    select
        partner,
        text,
        rating,
        delivered_night,
        case
            when min(partner) over (partition by activity_id) <> max(partner) over (partition by activity_id)
                then partner || ':' || activity_id
            else activity_id
        end as record_id
    from ingest.activities
),

texts as (
    select
        'crm' as source,
        i.interaction_id as record_id,
        'crm' as scale,
        i.text,
        i.rating,
        cast(null as varchar) as lang,
        i.delivered_night
    from ingest.interactions as i
    anti join refused as r on i.crm_id = r.crm_id
    where i.text is not null
    union all
    select
        'social' as source,
        p.post_id as record_id,
        'social' as scale,
        p.text,
        cast(null as double) as rating,
        p.lang,
        p.delivered_night
    from ingest.posts as p
    anti join refused as r on p.author_handle = r.social_handle
    where p.text is not null
    union all
    select
        'partner' as source,
        record_id,
        'partner:' || partner as scale,
        text,
        rating,
        cast(null as varchar) as lang,
        delivered_night
    from activities
    where text is not null
)

select
    source,
    record_id,
    scale,
    text,
    cast(rating as double) as rating,
    lang,
    delivered_night
from texts
qualify row_number() over (partition by source, record_id order by scale) = 1
