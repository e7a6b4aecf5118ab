-- identity.keys: the given values that the guard let through.
-- grain   record_id, key_kind, key_value
-- reads   identity.given_keys, identity.blocked_values
-- params  none
with
given_keys as (select * from identity.given_keys),
blocked_values as (select * from identity.blocked_values)
select given_keys.record_id, given_keys.key_kind, given_keys.key_value
from given_keys
left join blocked_values
    on given_keys.key_kind = blocked_values.key_kind and given_keys.key_value = blocked_values.key_value
where blocked_values.key_value is null
