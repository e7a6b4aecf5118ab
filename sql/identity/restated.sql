-- identity.restated: records that are as alike as they were, but of a person who refuses now, or is known for longer.
-- grain   record_id
-- reads   fresh.records, former.records
-- params  none
with
now as (select * from fresh.records),
before as (select * from former.records)
select now.record_id
from now
inner join before on now.record_id = before.record_id
where now.first_at <> before.first_at or now.is_refusal <> before.is_refusal
