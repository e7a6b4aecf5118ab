-- ingest.zendesk__user: a Zendesk end user as a customer, under zendesk/<id>; the company's own people are none.
-- grain   crm_id
-- reads   door.zendesk__user
-- params  none
with delivered as (
    select * from door.zendesk__user
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    concat('zendesk/', id) as crm_id,
    email,
    phone,
    split_part(name, ' ', 1) as first_name,
    nullif(trim(regexp_replace(name, '^\S+', '')), '') as last_name,
    created_at,
    coalesce(updated_at, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(_fivetran_deleted) = 'true' or lower(active) = 'false' then 'not_ours: it was deleted at the source'
        when role <> 'end-user' then 'not_ours: an agent is no customer'
    end as broken
from delivered
