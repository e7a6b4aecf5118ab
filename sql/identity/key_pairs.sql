-- identity.key_pairs: two records that gave one value that belongs to one person: e-mail, loyalty number or handle.
-- Phones and devices are shared within households: they are evidence for the model, never a key.
-- grain   left_id, right_id, key_kind
-- reads   identity.keys
-- params  none
with
keys as (select * from identity.keys where key_kind in ('email', 'loyalty_id', 'social_handle'))
select distinct lefts.record_id as left_id, rights.record_id as right_id, lefts.key_kind
from keys as lefts
inner join keys as rights
    on lefts.key_kind = rights.key_kind and lefts.key_value = rights.key_value and lefts.record_id < rights.record_id
