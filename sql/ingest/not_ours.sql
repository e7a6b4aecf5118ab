-- ingest.not_ours: one row a delivered row of a vendor's table that tells nothing that counts here, of all nights, and why.
-- grain   source, table_name, night, file, line
-- reads   door.set_aside
-- params  none
select
    source,
    table_name,
    night,
    file,
    line,
    record_id,
    reason
from door.set_aside
where starts_with(reason, 'not_ours:')
