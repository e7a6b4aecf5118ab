-- ingest.quarantine: one row a delivered row that was set aside, of all nights so far, and why.
-- What tells nothing that counts here stands in ingest.not_ours. A duplicate is an exact repeat within one night's delivery; the first is kept.
-- is_refusal: it is a customer's row that can be read as far as this: whom it names, and that they refuse analytics.
-- grain   source, table_name, night, file, line
-- reads   door.set_aside, ingest.gone
-- params  source
with refused as (
    select * from door.set_aside
    where not starts_with(reason, 'not_ours:')
),

duplicates as (
    select * from ingest.gone
    where fate = 'duplicate'
)

select
    source,
    table_name,
    night,
    file,
    line,
    record_id,
    reason,
    coalesce(is_refusal, false) as is_refusal
from refused
union all
select
    cast($source as varchar) as source,
    table_name,
    night,
    file,
    delivered_line as line,
    record_id,
    'duplicate: an exact repeat within the night' as reason,
    false as is_refusal
from duplicates
