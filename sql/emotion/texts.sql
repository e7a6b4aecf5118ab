-- emotion.texts: every text that somebody wrote, with the rating given with it and the language where it is told.
-- Texts under a record of somebody who refuses analytics are neither read nor learned from.
-- grain   source, record_id
-- reads   ingest.interactions, ingest.posts, ingest.activities, ingest.customers
-- params  consent_default
with refused as (
    select
        crm_id,
        social_handle
    from ingest.customers
    where not coalesce(consent_analytics, $consent_default)
),

texts as (
    select
        'crm' as source,
        i.interaction_id as record_id,
        'crm' as scale,
        i.text,
        i.rating,
        cast(null as varchar) as lang
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
        p.lang
    from ingest.posts as p
    anti join refused as r on p.author_handle = r.social_handle
    where p.text is not null
    union all
    select
        'partner' as source,
        activity_id as record_id,
        'partner:' || partner as scale,
        text,
        rating,
        cast(null as varchar) as lang
    from ingest.activities
    where text is not null
)

select
    source,
    record_id,
    scale,
    text,
    cast(rating as double) as rating,
    lang
from texts
qualify row_number() over (partition by source, record_id order by scale) = 1
