-- identity.flipped: records that hold a value which the guard stops since tonight, or no longer.
-- grain   record_id
-- reads   whole.given_keys, fresh.blocked_values, former.blocked_values
-- params  none
with
now as (select key_kind, key_value from fresh.blocked_values),
before as (select key_kind, key_value from former.blocked_values),
stopped as (
    select * from now
    except
    select * from before
),
released as (
    select * from before
    except
    select * from now
),
flipped as (
    select * from stopped
    union all
    select * from released
),
given as (select record_id, key_kind, key_value from whole.given_keys)
select distinct given.record_id
from given
inner join flipped on given.key_kind = flipped.key_kind and given.key_value = flipped.key_value
