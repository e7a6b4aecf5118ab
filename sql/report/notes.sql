-- report.notes: what was odd about this night's delivery, source by source, in the order in which it was noted.
-- kind warning: something may be wrong; note: something is new; left: a file that no rule takes.
-- grain   source, number
-- reads   ingest.notes
-- params  none
select
    cast(source as varchar) as source,
    cast(number as bigint) as number,
    cast(split_part(told, ': ', 1) as varchar) as kind,
    cast(substr(told, length(split_part(told, ': ', 1)) + 3) as varchar) as told
from ingest.notes
