-- ingest.quarantine: one row a delivered row that was set aside, of all nights so far, and why.
-- A duplicate is an exact repeat within one night's delivery; the first is kept.
-- grain   source, table_name, night, file, line
-- reads   door.quarantined, ingest.gone
-- params  source
with refused as (
    select * from door.quarantined
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
    reason
from refused
union all
select
    cast($source as varchar) as source,
    table_name,
    night,
    file,
    delivered_line as line,
    record_id,
    'duplicate: an exact repeat within the night' as reason
from duplicates
