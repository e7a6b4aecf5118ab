-- identity.touched_values: every value that a changed record gives or gave: all who hold it are looked at.
-- grain   key_kind, key_value
-- reads   whole.given_keys, former.given_keys, identity.changed
-- params  none
with
changed as (select record_id from identity.changed),
given as (
    select record_id, key_kind, key_value from whole.given_keys
    union all
    select record_id, key_kind, key_value from former.given_keys
)
select distinct given.key_kind, given.key_value
from given
inner join changed on given.record_id = changed.record_id
