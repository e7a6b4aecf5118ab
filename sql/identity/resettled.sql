-- identity.resettled: records whose customer, evidence or values are not what they were.
-- grain   record_id
-- reads   fresh.members, former.members, identity.changed
-- params  none
with
now as (select record_id, customer_id, matched_by, match_probability, is_refused from fresh.members),
before as (select record_id, customer_id, matched_by, match_probability, is_refused from former.members),
new_rows as (
    select * from now
    except
    select * from before
),
old_rows as (
    select * from before
    except
    select * from now
)
select record_id from new_rows
union
select record_id from old_rows
union
select record_id from identity.changed
